package wire

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"limpid/test/lab"
)

// open opens n connections to s1 at once, uses each, and keeps them.
func open(t *testing.T, l *lab.Lab, n int) []*net.TCPConn {
	t.Helper()
	addrs := l.ClientAddrs(max(n/20, 1))
	conns, errs := make([]*net.TCPConn, n), make([]error, n)
	var wg sync.WaitGroup
	atOnce := 64
	if slow() {
		atOnce = 4 // more, and a slow server answers too late to be captured
	}
	slots := make(chan struct{}, atOnce)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			conn, err := l.C1.Dial(ctx, "tcp", addrs[i%len(addrs)].String(), "10.77.0.101:80")
			if err == nil {
				err = fetch(conn, "/bytes/500", 500)
			}
			conns[i], errs[i] = conn, err
		})
	}
	wg.Wait()
	failed := 0
	for i, err := range errs {
		if err != nil {
			if failed == 0 {
				t.Errorf("connection %d of %d: %v", i, n, err)
			}
			failed++
		}
	}
	if failed > 0 {
		t.Fatalf("%d of %d connections failed", failed, n)
	}
	return conns
}

// openCaptured opens connections until n are captured: on a slow machine some are answered too
// late for that.
func openCaptured(t *testing.T, l *lab.Lab, p *lab.Limpid, n int) []*net.TCPConn {
	t.Helper()
	conns := open(t, l, n)
	eventually(t, fmt.Sprintf("%d flows to be active", n), func() bool {
		missing := n - int(status(t, p).Flows.Active)
		if missing > 0 && slow() {
			conns = append(conns, open(t, l, missing)...)
		}
		return missing == 0
	})
	return conns
}

func closeAll(conns []*net.TCPConn) {
	for _, c := range conns {
		_ = c.Close()
	}
}

func TestFurtherConnectionsAreBridged(t *testing.T) {
	const limit, more = 40, 20
	l, p := inline(t, basic+fmt.Sprintf("[intercept]\nmax_connections = %d\n", limit))
	o := origin(t, l.S1)
	conns := openCaptured(t, l, p, limit)
	if status(t, p).Handshake == "accept" {
		// The kernel accepts by itself, so capture stops as a whole.
		must(t, p.WaitMode("bypass", startTime))
	}
	conns = append(conns, open(t, l, more)...)
	if s := status(t, p); s.Flows.Captured != limit || s.Flows.Bridged < more || s.Flows.Active != limit {
		t.Errorf("%d connections with room for %d: captured %d, active %d, bridged %d", limit+more, limit, s.Flows.Captured, s.Flows.Active, s.Flows.Bridged)
	}
	for _, conn := range conns {
		get(t, conn, 100) // every one still works
	}
	closeAll(conns)
	eventually(t, "the server to see all of them end", func() bool { return o.Open() == 0 })
	eventually(t, "new connections to be captured again", func() bool {
		before := status(t, p).Flows.Captured
		conn := dial(t, l.C1, "10.77.0.101:80")
		get(t, conn, 100)
		must(t, conn.Close())
		return status(t, p).Flows.Captured > before
	})
}

// TestFullSetsBridge opens far more connections at once than the kernel's sets
// have room for, faster than anybody could disarm.
func TestFullSetsBridge(t *testing.T) {
	const limit, burst = 10, 150
	l, p := inline(t, basic+fmt.Sprintf("[intercept]\nmax_connections = %d\n", limit))
	origin(t, l.S1)
	conns := open(t, l, burst)
	s := status(t, p)
	if s.Flows.Captured < limit/2 || s.Flows.Captured > 2*limit || s.Flows.Bridged < burst-2*limit {
		t.Errorf("%d connections with room for %d: captured %d, bridged %d", burst, limit, s.Flows.Captured, s.Flows.Bridged)
	}
	for _, conn := range conns {
		get(t, conn, 100)
	}
	closeAll(conns)
}

// footprint is what limpid holds: descriptors of each child, and slots of flows.
func footprint(t *testing.T, l *lab.Lab, p *lab.Limpid) map[string]int {
	t.Helper()
	f := map[string]int{}
	for _, name := range []string{"gate", "proxy"} {
		pid, err := p.ChildPID(t.Context(), name)
		must(t, err)
		fds, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(pid), "fd"))
		must(t, err)
		f[name+" descriptors"] = len(fds)
		task, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(pid), "task"))
		must(t, err)
		f[name+" threads"] = len(task)
	}
	h := held(t, l)
	f["slots"], f["legs to servers"] = len(h.Clients), len(h.Servers)
	return f
}

func TestManyConnectionsLeaveNothing(t *testing.T) {
	many := 5000
	if slow() {
		many = 200
	}
	l, p := inline(t, basic)
	o := origin(t, l.S1)
	// Once through everything, so that pools and threads are as they will stay.
	closeAll(open(t, l, 200))
	settled := func() map[string]int {
		t.Helper()
		eventually(t, "flows to end", func() bool { return status(t, p).Flows.Active == 0 && o.Open() == 0 })
		noSlotStays(t, l)
		return footprint(t, l, p)
	}
	before := settled()
	conns := openCaptured(t, l, p, many)
	during := footprint(t, l, p)
	if during["proxy descriptors"]+during["gate descriptors"] < 2*many || during["slots"] != many {
		t.Errorf("with %d connections open, limpid holds %v: this measures nothing", many, during)
	}
	for _, conn := range conns {
		get(t, conn, 100)
	}
	closeAll(conns)
	after := settled()
	for what, n := range after {
		// Threads are the Go runtime's to keep; a leak of goroutines in system
		// calls would show as many.
		slack := 0
		if strings.HasSuffix(what, "threads") {
			slack = 8
		}
		if strings.HasSuffix(what, "proxy descriptors") {
			slack = 64 // pooled pipes
		}
		if n > before[what]+slack {
			t.Errorf("%s: %d before, %d after", what, before[what], n)
		}
	}
	t.Logf("before %v, with %d connections %v, after %v", before, many, during, after)
}

func TestIdleConnectionOutlivesTheSetTimeout(t *testing.T) {
	const timeout = 3 * time.Second
	l, p := inline(t, basic, "--flow-timeout", timeout.String())
	origin(t, l.S1)
	conn := dial(t, l.C1, "10.77.0.101:80")
	get(t, conn, 1000)
	time.Sleep(4 * timeout)
	get(t, conn, 1000)
	eventually(t, "both requests to be counted on the one flow", func() bool {
		s := status(t, p)
		return s.Flows.Active == 1 && s.Requests == 2 && s.Flows.Captured == 1
	})
}
