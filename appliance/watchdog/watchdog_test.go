package watchdog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// box is a fake gate and proxy: a listener whose connections are relayed to
// the origin, or are dealt with as a test wishes.
type box struct {
	listener net.Listener
	origin   netip.AddrPort
	serve    atomic.Pointer[func(net.Conn)]
	seen     atomic.Uint64
	down     atomic.Bool
	events   chan string
	wg       sync.WaitGroup
}

func (b *box) Sample() Sample {
	s := Sample{Gate: Pulse{PID: 1}, Proxy: Pulse{PID: 2}}
	if b.down.Load() {
		s.Proxy.PID = 0
	}
	return s
}
func (b *box) HealthSeen() uint64          { return b.seen.Load() }
func (b *box) Passed()                     { b.tell("passed") }
func (b *box) Failed(reason string)        { b.tell("failed: " + reason) }
func (b *box) Hung(p Process, why string)  { b.tell(fmt.Sprintf("hung: %v: %s", p, why)) }
func (b *box) tell(event string)           { b.events <- event }
func (b *box) behave(serve func(net.Conn)) { b.serve.Store(&serve) }

// relay is what gate and proxy do when all is well.
func (b *box) relay(client net.Conn) {
	b.seen.Add(1)
	b.carry(client)
}

// carry relays without the proxy.
func (b *box) carry(client net.Conn) {
	upstream, err := new(net.Dialer).DialContext(context.Background(), "tcp", b.origin.String())
	if err != nil {
		return
	}
	defer upstream.Close()
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = io.Copy(client, upstream)
		_ = client.Close()
	})
	_, _ = io.Copy(upstream, client)
	_ = upstream.Close()
	wg.Wait()
}

// newBox runs a box, an origin and a watchdog until the test is over.
func newBox(t *testing.T) (*box, *Watchdog) {
	t.Helper()
	origin, err := ListenOrigin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// Room for more events than a test lasts: nothing waits for the test.
	b := &box{listener: listener, origin: origin.Address(), events: make(chan string, 10000)}
	b.behave(b.relay)
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal(listener.Addr())
	}
	w := New(Config{Listener: address.AddrPort(), Interval: 20 * time.Millisecond, Timeout: 400 * time.Millisecond}, b)
	ctx, cancel := context.WithCancel(context.Background())
	b.wg.Go(func() {
		if err := origin.Serve(ctx); err != nil {
			t.Errorf("origin: %v", err)
		}
	})
	b.wg.Go(b.accept)
	b.wg.Go(func() { w.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		_ = listener.Close()
		b.wg.Wait()
	})
	return b, w
}

func (b *box) accept() {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return
		}
		serve := *b.serve.Load()
		b.wg.Go(func() {
			defer conn.Close()
			serve(conn)
		})
	}
}

// expect waits for an event that begins so, and skips those that say skip.
func (b *box) expect(t *testing.T, want, skip string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case got := <-b.events:
			switch {
			case strings.HasPrefix(got, want):
				return
			case !strings.HasPrefix(got, skip):
				t.Fatalf("got %q, want %q", got, want)
			}
		case <-deadline:
			t.Fatalf("never %q", want)
		}
	}
}

func TestChecksPassAndFail(t *testing.T) {
	b, _ := newBox(t)
	b.expect(t, "passed", "passed")
	b.expect(t, "passed", "passed")
	for name, c := range map[string]struct {
		serve func(net.Conn)
		want  string
	}{
		"silent":                {func(c net.Conn) { b.seen.Add(1); _, _ = io.Copy(io.Discard, c) }, "failed: read the answer: no answer in time"},
		"closed":                {func(c net.Conn) { _, _ = c.Read(make([]byte, 1024)) }, "failed: read the answer: connection was closed"},
		"not through the proxy": {b.carry, "failed: the answer did not come through the proxy"},
		"not the origin": {func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1024))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno")
		}, "failed: answer is not the origin's: 200 OK with 2 bytes"},
		"no HTTP": {func(c net.Conn) { _, _ = c.Read(make([]byte, 1024)); _, _ = io.WriteString(c, "SSH-2.0-x\r\n") }, "failed: read the answer"},
		"too long": {func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1024))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 2*maxAnswer))
		}, "failed: read the answer"},
	} {
		t.Run(name, func(t *testing.T) {
			b.behave(c.serve)
			b.expect(t, c.want, "passed")
			b.behave(b.relay)
			b.expect(t, "passed", "failed")
		})
	}
}

func TestNoCheckOfWhatDoesNotRun(t *testing.T) {
	b, w := newBox(t)
	b.expect(t, "passed", "passed")
	var asked atomic.Bool
	b.down.Store(true)
	for range 5 { // one check may be under way
		time.Sleep(25 * time.Millisecond)
	}
	b.behave(func(c net.Conn) { asked.Store(true); b.relay(c) })
	time.Sleep(100 * time.Millisecond)
	for len(b.events) > 0 {
		<-b.events
	}
	if asked.Load() {
		t.Error("a check was made while no proxy ran")
	}
	b.down.Store(false)
	w.Kick()
	b.expect(t, "passed", "passed")
}

// TestChecksLeaveNoSocket looks for connections of the checks in any state:
// were one closed in order, it would stay in TIME_WAIT for a minute.
func TestChecksLeaveNoSocket(t *testing.T) {
	b, _ := newBox(t)
	port := netip.MustParseAddrPort(b.listener.Addr().String()).Port()
	// Another connection may have had the port before, from anywhere on this host.
	before := timeWait(t, port)
	for range 10 {
		b.expect(t, "passed", "passed")
	}
	if after := timeWait(t, port); after > before {
		t.Errorf("%d sockets in TIME_WAIT, %d before the checks", after, before)
	}
}

// timeWait counts the sockets in TIME_WAIT one end of which has the port.
func timeWait(t *testing.T, port uint16) (n int) {
	t.Helper()
	table, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	end := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if fields[3] == "06" && (strings.HasSuffix(fields[1], end) || strings.HasSuffix(fields[2], end)) {
			n++
		}
	}
	return n
}

func TestOriginAnswersOnlyChecks(t *testing.T) {
	b, _ := newBox(t)
	conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", b.origin.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /etc/passwd HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.0 404") {
		t.Errorf("answer %q, %v; want 404", answer, err)
	}
}

// TestHardwareIsFedAndStopped drives a file in place of the device: it knows
// no ioctl, so that the driver falls back to writing.
func TestHardwareIsFedAndStopped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "watchdog")
	if _, err := OpenHardware(path, time.Second); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no device: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := OpenHardware(path, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if h.Timeout() != 0 {
		t.Errorf("a file says its timeout is %v", h.Timeout())
	}
	if err := errors.Join(h.Feed(), h.Feed(), h.Close()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "\x00\x00V" {
		t.Errorf("written %q, %v; want two meals and the magic close", got, err)
	}
}
