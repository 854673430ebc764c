package socket

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// accepted is a connection to a listener on an address of this machine: its client's
// end, and what Accept gave.
func accepted(t *testing.T, address string) (conn *net.TCPConn, fd int, client netip.AddrPort) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", netip.AddrPortFrom(netip.MustParseAddr(address), 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	tcp, ok := listener.(*net.TCPListener)
	if !ok {
		t.Fatal(listener)
	}
	file, err := tcp.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	conn, err = net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(listener.Addr().String())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if fd, client, err = Accept(int(file.Fd())); err != nil {
		t.Fatal(err)
	}
	return conn, fd, client
}

// readEnd is what a client's end finds after the bytes that it was sent.
func readEnd(t *testing.T, client *net.TCPConn) error {
	t.Helper()
	if err := client.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err := client.Read(make([]byte, 1))
	return err
}

func TestFinishIsHalfOfTheEnd(t *testing.T) {
	client, fd, _ := accepted(t, "127.0.0.1")
	if err := Finish(fd); err != nil {
		t.Fatal(err)
	}
	if err := readEnd(t, client); !errors.Is(err, io.EOF) {
		t.Errorf("after Finish the client reads %v", err)
	}
	if _, err := client.Write([]byte("still heard")); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); queued(fd, unix.SIOCINQ) != len("still heard"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes wait", queued(fd, unix.SIOCINQ))
		}
	}
	Close(fd)
	if err := Finish(fd); !errors.Is(err, unix.EBADF) {
		t.Errorf("finish what is closed: %v", err)
	}
	if queued(fd, unix.SIOCINQ) != 0 || Unsent(fd) != 0 {
		t.Error("a closed descriptor holds bytes")
	}
}

func TestCloseIsFINAndResetRST(t *testing.T) {
	client, fd, _ := accepted(t, "127.0.0.1")
	Close(fd)
	if err := readEnd(t, client); !errors.Is(err, io.EOF) {
		t.Errorf("after Close the client reads %v", err)
	}
	client, fd, _ = accepted(t, "127.0.0.1")
	Reset(fd)
	if err := readEnd(t, client); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("after Reset the client reads %v", err)
	}
}

func TestSet(t *testing.T) {
	_, fd, _ := accepted(t, "127.0.0.1")
	defer Close(fd)
	if err := Set(fd, unix.SOL_TCP, unix.TCP_NODELAY, 1); err != nil {
		t.Fatal(err)
	}
	if got, err := unix.GetsockoptInt(fd, unix.SOL_TCP, unix.TCP_NODELAY); err != nil || got != 1 {
		t.Errorf("it is %d, %v", got, err)
	}
	if err := Set(fd, unix.SOL_TCP, -1, 1); !errors.Is(err, unix.ENOPROTOOPT) {
		t.Errorf("an option that is none: %v", err)
	}
}
