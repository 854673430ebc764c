package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// rig is a server on loopback that answers as the origin does, but for what a
// test has it do with its n-th request, counted from 1: false and it does not
// answer.
type rig struct {
	t        *testing.T
	listener *net.TCPListener
	each     func(n int64, conn *net.TCPConn) bool
	seen     atomic.Int64
	conns    sync.WaitGroup
}

func newRig(t *testing.T, each func(n int64, conn *net.TCPConn) bool) *rig {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, listener: l, each: each}
	r.conns.Go(func() {
		for {
			conn, err := l.AcceptTCP()
			if err != nil {
				return
			}
			r.conns.Go(func() { r.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		r.conns.Wait()
	})
	return r
}

// serve answers until the client closes, or is to be closed.
func (r *rig) serve(conn *net.TCPConn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if !r.each(r.seen.Add(1), conn) {
			return
		}
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", smallSize, strings.Repeat("x", smallSize))
		if req.Close {
			return
		}
	}
}

// drive runs a client against the server.
func (r *rig) drive(ctx context.Context, p pace, after time.Duration) (work, error) {
	addr, _ := r.listener.Addr().(*net.TCPAddr)
	c, err := newClient(p, &unix.SockaddrInet4{Port: addr.Port, Addr: [4]byte{127, 0, 0, 1}})
	if err != nil {
		return work{}, err
	}
	defer c.close()
	c.after = after
	return c.run(ctx)
}

func always(int64, *net.TCPConn) bool { return true }

func TestClientKeepsItsRate(t *testing.T) {
	for _, p := range []pace{
		{rate: 400, width: 5, d: 250 * time.Millisecond},
		{rate: 400, fresh: true, d: 250 * time.Millisecond},
	} {
		r := newRig(t, always)
		w, err := r.drive(t.Context(), p, afterwards)
		if err != nil {
			t.Fatal(err)
		}
		// Those that opened the connections do not count.
		if w.requests != 100 || w.failed != 0 || len(w.times) != 100 || w.bytes != 100*smallSize || r.seen.Load() != 100+int64(p.width) {
			t.Errorf("%+v: %d requests, %d failed, %d times; the server saw %d", p, w.requests, w.failed, len(w.times), r.seen.Load())
		}
	}
}

// A stall is felt by all that come due while it lasts: none of them is left
// out, and each waits from then. Delays can only make the times longer.
func TestClientLeavesOutNobody(t *testing.T) {
	const stall = 200 * time.Millisecond
	r := newRig(t, func(n int64, _ *net.TCPConn) bool {
		if n == 2 { // the first that counts
			time.Sleep(stall)
		}
		return true
	})
	w, err := r.drive(t.Context(), pace{rate: 100, width: 1, d: 500 * time.Millisecond}, afterwards)
	if err != nil {
		t.Fatal(err)
	}
	long := 0
	for _, took := range w.times {
		if took >= stall/2 {
			long++
		}
	}
	// Due every 10 ms: eleven within the first half of the stall.
	if w.requests != 50 || long < 10 {
		t.Errorf("%d requests, %d of them took at least half of the stall, want 50 and at least 10", w.requests, long)
	}
}

func TestClientCountsResets(t *testing.T) {
	r := newRig(t, func(n int64, conn *net.TCPConn) bool {
		if n%3 == 0 {
			_ = conn.SetLinger(0)
			return false
		}
		return true
	})
	w, err := r.drive(t.Context(), pace{rate: 200, fresh: true, d: 150 * time.Millisecond}, afterwards)
	if err != nil || w.requests != 20 || w.failed != 10 || w.resets != 10 || len(w.times) != 30 {
		t.Errorf("%+v, %v, want 20 requests and 10 resets", w, err)
	}
}

// What never comes is a failure, and its time so far is told.
func TestClientGivesUp(t *testing.T) {
	hold := make(chan struct{})
	r := newRig(t, func(n int64, _ *net.TCPConn) bool {
		if n == 5 {
			<-hold
			return false
		}
		return true
	})
	w, err := r.drive(t.Context(), pace{rate: 100, fresh: true, d: 100 * time.Millisecond}, 700*time.Millisecond)
	close(hold)
	if err != nil || w.requests != 9 || w.failed != 1 || w.stalls < 1 || w.longest < stalled || len(w.times) != 10 {
		t.Errorf("%+v, %v, want 9 requests, one failure, and a stall", w, err)
	}
}

// As many as asked for are open at once, and no more.
func TestClientBeginsAgain(t *testing.T) {
	const width = 4
	var open, most atomic.Int64
	r := newRig(t, func(int64, *net.TCPConn) bool {
		if n := open.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(time.Millisecond)
		open.Add(-1)
		return true
	})
	w, err := r.drive(t.Context(), pace{width: width, fresh: true, d: 200 * time.Millisecond}, afterwards)
	if err != nil || w.requests <= width || w.failed != 0 || w.requests != r.seen.Load() || most.Load() > width {
		t.Errorf("%d requests, %d failed, %v; the server saw %d, %d at once", w.requests, w.failed, err, r.seen.Load(), most.Load())
	}
}

func TestClientSaysThatNobodyAnswers(t *testing.T) {
	r := newRig(t, always)
	_ = r.listener.Close()
	for _, p := range []pace{
		{width: 2, fresh: true, d: 20 * time.Millisecond}, {rate: 100, fresh: true, d: 50 * time.Millisecond}, {rate: 100, width: 2, d: 50 * time.Millisecond},
	} {
		if w, err := r.drive(t.Context(), p, afterwards); err == nil {
			t.Errorf("%+v: %+v from a port that nobody listens on", p, w)
		}
	}
}

func TestClientEndsWithItsContext(t *testing.T) {
	r := newRig(t, always)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.drive(ctx, pace{rate: 1, fresh: true, d: time.Hour}, afterwards); err == nil {
		t.Error("no error after the end of the context")
	}
}
