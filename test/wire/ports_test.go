package wire

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/test/lab"
)

// TestPortsComeBackAtOnce opens connection after connection from few ports, each
// within moments of its last use: none may have to ask its server twice, and no
// slot may stay behind. A rule that lets one SYN in a thousand go astray costs its
// client a second, and is seen here as a SYN that the box sent again.
func TestPortsComeBackAtOnce(t *testing.T) {
	const ports, rounds, workers = 2400, 6, 12
	l, p := inline(t, basic)
	serveEcho(t, l.S1)
	before := synsSentAgain(t, l)
	server := netip.MustParseAddrPort("10.77.0.101:80")
	errs := make(chan error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			errs <- l.C1.Do(func() error {
				for i := range ports / workers * rounds {
					port := uint16(20000 + w*ports/workers + i%(ports/workers))
					if err := echoFrom(netip.AddrPortFrom(l.C1.IP4(), port), server); err != nil {
						return fmt.Errorf("connection %d of worker %d: %w", i, w, err)
					}
				}
				return nil
			})
		})
	}
	all.Wait()
	for range workers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	st := status(t, p)
	if got := st.Flows.Captured; got < ports*rounds {
		t.Errorf("%d flows were captured of %d", got, ports*rounds)
	}
	if again := synsSentAgain(t, l) - before; again != 0 {
		t.Errorf("%d of %d SYNs of the box had to be sent again", again, ports*rounds)
	}
	noSlotStays(t, l)
}

// serveEcho answers one request of 16 bytes with itself, and closes.
func serveEcho(t *testing.T, n *lab.Node) {
	t.Helper()
	_, err := n.Serve(":80", func(_ context.Context, conn *net.TCPConn) {
		var request [16]byte
		if _, err := io.ReadFull(conn, request[:]); err == nil {
			_, _ = conn.Write(request[:])
		}
	})
	must(t, err)
}

// echoFrom makes one short connection from a port, which the server closes.
func echoFrom(from, to netip.AddrPort) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for _, err := range []error{
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 30}),
		unix.Bind(fd, &unix.SockaddrInet4{Port: int(from.Port()), Addr: from.Addr().As4()}),
		unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}),
	} {
		if err != nil {
			return err
		}
	}
	var answer [32]byte
	if _, err := unix.Write(fd, []byte("\x00123456789abcdef")); err != nil {
		return err
	}
	got := 0
	for {
		n, err := unix.Read(fd, answer[got:])
		switch {
		case err == syscall.EINTR: //nolint:errorlint // as read(2) gives it
		case err != nil:
			return err
		case n == 0 && got == 16:
			return nil
		case n == 0:
			return fmt.Errorf("%d bytes came back", got)
		default:
			got += n
		}
	}
}

// synsSentAgain reads TCPSynRetrans of the box (proc_net, netstat).
func synsSentAgain(t *testing.T, l *lab.Lab) int {
	t.Helper()
	out, err := l.Box.Command(t.Context(), "nstat", "-asz", "TcpExtTCPSynRetrans").Output()
	must(t, err)
	for line := range strings.Lines(string(out)) {
		var n int
		if _, err := fmt.Sscanf(line, "TcpExtTCPSynRetrans %d", &n); err == nil {
			return n
		}
	}
	t.Fatalf("nstat tells no TCPSynRetrans: %s", out)
	return 0
}

// noSlotStays waits until no flow holds a slot.
func noSlotStays(t *testing.T, l *lab.Lab) {
	t.Helper()
	eventually(t, "no slot to be taken", func() bool { return held(t, l).Live() == 0 })
}

// Connections that no server answers, or that one refuses, give their slots back
// when their clients have gone.
func TestSlotsOfDeadServersComeBack(t *testing.T) {
	l, p := inline(t, basic)
	nft(t, l.S2, "table inet deaf { chain input { type filter hook input priority 0; tcp dport 80 counter drop; }; }")
	captured := status(t, p).Flows.Captured
	for _, server := range []netip.Addr{l.S1.IP4(), l.S2.IP4()} { // refuses, is deaf
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			conn, err := l.C1.Dial(ctx, "tcp", "", netip.AddrPortFrom(server, 80).String())
			cancel()
			if err != nil {
				continue // refused by now; with the mirrored handshake nobody answers for a server that is deaf
			}
			_, _ = conn.Write([]byte("\x00"))
			time.Sleep(10 * time.Millisecond)
			must(t, conn.SetLinger(0))
			_ = conn.Close()
		}
	}
	if st := status(t, p); st.Handshake == "accept" && st.Flows.Captured == captured {
		t.Error("nothing was captured: this proves nothing")
	}
	noSlotStays(t, l)
}

// A client comes back with a port whose last connection has ended for it, but
// not for its server yet, which has not heard the last FIN: it is served when the
// server has.
func TestPortThatItsServerStillHolds(t *testing.T) {
	l, _ := inline(t, basic)
	serveEcho(t, l.S1)
	nft(t, l.S1, "table inet lossy { chain input { type filter hook input priority 0; tcp dport 80 tcp flags & fin == fin counter drop; }; }")
	from, to := netip.AddrPortFrom(l.C1.IP4(), 20001), netip.AddrPortFrom(l.S1.IP4(), 80)
	echo := func() error { return l.C1.Do(func() error { return echoFrom(from, to) }) }
	must(t, echo())
	time.Sleep(50 * time.Millisecond) // the client has its last ACK
	second := make(chan error, 1)
	go func() { second <- echo() }()
	time.Sleep(300 * time.Millisecond)
	select {
	case err := <-second:
		t.Fatalf("the second connection ended before the first was over: %v", err)
	default:
	}
	nft(t, l.S1, "delete table inet lossy")
	if err := <-second; err != nil {
		t.Errorf("the second connection: %v", err)
	}
	noSlotStays(t, l)
}
