package flowtest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long an end waits for what must come.
const patience = 10 * time.Second

// End is a client or a server outside the box.
type End struct {
	t    testing.TB
	Name string
	*net.TCPConn
}

// TCP makes a loopback TCP connection: a nonblocking descriptor for the code
// under test and the End at its other side.
func TCP(t testing.TB, name string) (int, *End) {
	t.Helper()
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	outer, err := net.DialTCP("tcp4", nil, listener.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = outer.Close() })
	inner, err := listener.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	return Descriptor(t, inner), &End{t: t, Name: name, TCPConn: outer}
}

// Descriptor returns a nonblocking copy of the descriptor of c.
func Descriptor(t testing.TB, c *net.TCPConn) int {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	fd := -1
	if err := raw.Control(func(original uintptr) {
		fd, err = unix.FcntlInt(original, unix.F_DUPFD_CLOEXEC, 0)
	}); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

// Send writes all of b.
func (e *End) Send(b string) {
	e.t.Helper()
	_ = e.SetWriteDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(e.TCPConn, b); err != nil {
		e.t.Fatalf("%s: send %d bytes: %v", e.Name, len(b), err)
	}
}

// Expect reads exactly want.
func (e *End) Expect(want string) {
	e.t.Helper()
	_ = e.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, len(want))
	n, err := io.ReadFull(e.TCPConn, got)
	if !bytes.Equal(got[:n], []byte(want)) {
		e.t.Fatalf("%s: got %q (%v), want %q", e.Name, clip(got[:n]), err, clip([]byte(want)))
	}
}

// ExpectNothing checks that nothing came yet: no byte, no end.
func (e *End) ExpectNothing() {
	e.t.Helper()
	e.expectError(30*time.Millisecond, os.ErrDeadlineExceeded, "nothing yet")
}

// ExpectEOF checks that the next thing is the orderly end.
func (e *End) ExpectEOF() {
	e.t.Helper()
	e.expectError(patience, io.EOF, "the end")
}

// ExpectReset checks that the next thing is a reset.
func (e *End) ExpectReset() {
	e.t.Helper()
	e.expectError(patience, unix.ECONNRESET, "a reset")
}

// expectError checks that reading gives no byte within d, but want.
func (e *End) expectError(d time.Duration, want error, meaning string) {
	e.t.Helper()
	_ = e.SetReadDeadline(time.Now().Add(d))
	var b [256]byte
	n, err := e.Read(b[:])
	if n != 0 || !errors.Is(err, want) {
		e.t.Fatalf("%s: got %q, %v; want %s", e.Name, b[:n], err, meaning)
	}
}

// ReadRest reads until the end or a reset and returns what came, and whether
// it was a reset.
func (e *End) ReadRest() ([]byte, bool) {
	e.t.Helper()
	_ = e.SetReadDeadline(time.Now().Add(patience))
	got, err := io.ReadAll(e.TCPConn)
	if err != nil && !errors.Is(err, unix.ECONNRESET) {
		e.t.Fatalf("%s: after %d bytes: %v", e.Name, len(got), err)
	}
	return got, err != nil
}

// Finish sends FIN.
func (e *End) Finish() {
	e.t.Helper()
	if err := e.CloseWrite(); err != nil {
		e.t.Fatalf("%s: send FIN: %v", e.Name, err)
	}
}

// Reset sends RST.
func (e *End) Reset() {
	e.t.Helper()
	if err := e.SetLinger(0); err != nil {
		e.t.Fatalf("%s: %v", e.Name, err)
	}
	if err := e.Close(); err != nil {
		e.t.Fatalf("%s: reset: %v", e.Name, err)
	}
}

func clip(b []byte) []byte {
	const most = 2000
	if len(b) > most {
		return append(b[:most:most], "..."...)
	}
	return b
}

// Conn makes a connection of a descriptor, which it takes.
func Conn(t testing.TB, fd int) *net.TCPConn {
	t.Helper()
	file := os.NewFile(uintptr(fd), "socket")
	defer file.Close()
	c, err := net.FileConn(file)
	if err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}
