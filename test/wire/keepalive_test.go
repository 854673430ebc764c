package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"
)

// TestPeerThatVanishesEndsTheOther has an end of an idle connection lose all frames, as when its
// plug is pulled: keepalive finds it dead, and the other end is reset.
func TestPeerThatVanishesEndsTheOther(t *testing.T) {
	const (
		// Probes follow: after 3 s of silence, each second, six of them. By then the box
		// must still know where the frames of the silent end came from.
		timeout = 10 * time.Second
		soonest = 5 * time.Second // what ends a connection before is something else
	)
	l, p := inline(t, basic, "--flow-timeout", timeout.String())
	heard := make(chan error, 1)
	server := func(told chan<- error) func(context.Context, *net.TCPConn) {
		return func(_ context.Context, conn *net.TCPConn) {
			b := make([]byte, 1)
			_, _ = conn.Read(b)
			_, _ = conn.Write(b)
			_, err := conn.Read(b)
			told <- err
		}
	}
	_, err := l.S1.Serve(":80", server(make(chan error, 1)))
	must(t, err)
	_, err = l.S2.Serve(":80", server(heard))
	must(t, err)
	begin := func(to string) *net.TCPConn {
		conn := dial(t, l.C1, to)
		b := []byte("\x00")
		_, err := conn.Write(b)
		must(t, err)
		_, err = conn.Read(b)
		must(t, err)
		return conn
	}
	stays := begin("10.77.0.101:80")
	begin("10.80.0.2:80")
	eventually(t, "both flows to be carried", func() bool { return status(t, p).Flows.Active == 2 })

	start := time.Now()
	const gone = "table inet gone { chain in { type filter hook input priority 0; %s drop; }; chain out { type filter hook output priority 0; %s drop; }; }"
	nft(t, l.S1, fmt.Sprintf(gone, "tcp dport 80", "tcp sport 80"))
	nft(t, l.C1, fmt.Sprintf(gone, "ip saddr 10.80.0.2", "ip daddr 10.80.0.2"))
	judge := func(who string, err error) {
		t.Helper()
		took := time.Since(start)
		if !errors.Is(err, syscall.ECONNRESET) || took < soonest {
			t.Errorf("the %s heard %v after %v, want a reset after %v or more", who, err, took, soonest)
		}
	}
	_, err = stays.Read(make([]byte, 1))
	judge("client", err)
	select {
	case err := <-heard:
		judge("server", err)
	case <-time.After(startTime):
		t.Error("the server heard nothing")
	}
	eventually(t, "both flows to end", func() bool { return status(t, p).Flows.Active == 0 })
}
