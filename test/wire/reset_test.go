package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"limpid/test/lab"
)

// TestResetFlowsGiveTheirSlotsBack resets flows from either side. The last packet
// of such a flow is limpid's own on one of the legs, and nothing comes back.
func TestResetFlowsGiveTheirSlotsBack(t *testing.T) {
	const each = 10
	l, p := inline(t, basic)
	_, err := l.S1.Serve(":80", func(_ context.Context, conn *net.TCPConn) {
		_, _ = conn.Read(make([]byte, 1))
		_ = conn.SetLinger(0) // the handler's end resets
	})
	must(t, err)
	_, err = l.S2.Serve(":80", func(_ context.Context, conn *net.TCPConn) { _, _ = io.Copy(conn, conn) })
	must(t, err)
	for range each {
		reset := dial(t, l.C1, "10.77.0.101:80")
		if _, err := lab.RawExchange(t.Context(), reset, []byte("\x00"), lab.Bytes(1)); err == nil {
			t.Fatal("the server did not reset")
		}
		resets := dial(t, l.C1, "10.80.0.2:80")
		_, err := lab.RawExchange(t.Context(), resets, []byte("\x00"), lab.Bytes(1))
		must(t, err)
		must(t, resets.SetLinger(0))
		must(t, resets.Close())
	}
	if got := status(t, p).Flows.Captured; got != 2*each {
		t.Errorf("%d flows were captured, want %d", got, 2*each)
	}
	// Idle flows keep a slot for 20 minutes.
	noSlotStays(t, l)
}

// TestLegThatIsOverGivesItsSlotBack has the client's connection over while the server has
// yet to read most of what was sent: the slot is free, and what frames to the server need
// of the client stays until the server has all.
func TestLegThatIsOverGivesItsSlotBack(t *testing.T) {
	const size = 400_000
	l, _ := inline(t, basic)
	goOn, received := make(chan struct{}), make(chan error, 1)
	_, err := l.S1.Serve(":80", func(_ context.Context, conn *net.TCPConn) {
		_ = conn.SetReadBuffer(16 << 10)
		_, _ = conn.Read(make([]byte, 1))
		_ = conn.CloseWrite()
		<-goOn
		_, err := lab.Content(size).Verify(conn)
		received <- err
	})
	must(t, err)
	conn := dial(t, l.C1, "10.77.0.101:80")
	_, err = conn.Write([]byte("\x00"))
	must(t, err)
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("%d bytes, %v, want the server's FIN", n, err)
	}
	_, err = io.Copy(conn, lab.Content(size).Reader())
	must(t, err)
	must(t, conn.Close())
	eventually(t, "the client's slot to come back", func() bool { return len(held(t, l).Clients) == 0 })
	h := held(t, l)
	if len(h.Servers) != 1 {
		t.Errorf("the server has not read yet: %d legs to servers are live, want 1", len(h.Servers))
	}
	// What is left of a flow that is over goes after 20 s.
	const soon = 20 * time.Second
	if len(h.Over) == 0 || slices.Min(h.Over) < 10*soon {
		t.Errorf("where the client's frames came from is known for %v, want many times %v", h.Over, soon)
	}
	close(goOn)
	must(t, <-received)
	noSlotStays(t, l)
	if h := held(t, l); len(h.Over) == 0 || slices.Max(h.Over) > soon {
		t.Errorf("all is over, and what is known stays for %v, want at most %v", h.Over, soon)
	}
}

// TestClientOfASilentServerIsReset kills the proxy with something unread of a client
// whose server never said a word: that reset takes its MACs from nobody but the client.
func TestClientOfASilentServerIsReset(t *testing.T) {
	l, p := inline(t, basic+"[intercept]\nhandshake = \"accept\"\n")
	conn := dial(t, l.C1, "10.80.254.7:80") // in lab.Silent4
	eventually(t, "the proxy to hold the flow", func() bool { return status(t, p).Flows.Active == 1 })
	pid := child("proxy")(t, p)
	must(t, syscall.Kill(pid, syscall.SIGSTOP))
	stopped(t, pid)
	_, err := conn.Write([]byte("\x00"))
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	must(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client heard %v, want a reset", err)
	}
}
