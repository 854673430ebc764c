package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"limpid/test/lab"
)

const (
	newConnections = 200 // a second
	repetitions    = 10
	// An emulated processor does not keep up with 200 a second even on a bare
	// wire, and would show its own queues; nor does the race detector.
	newConnectionsSlow = 20
	repetitionsSlow    = 2
	// A client sends its SYN again after 1 s (RFC 6298 section 2).
	oneRetransmission = 1200 * time.Millisecond
	atOnce            = 500 * time.Millisecond
	noticed           = 1500 * time.Millisecond
	// What takes so long was left hanging: an end that hears nothing waits for its own
	// timeout. Emulated, and beside other machines, all of it may take some seconds.
	hanging     = 4 * time.Second
	hangingSlow = 30 * time.Second
)

// blow is what is done to limpid under load.
type blow struct {
	name   string
	signal syscall.Signal
	target func(*testing.T, *lab.Limpid) int
}

func child(name string) func(*testing.T, *lab.Limpid) int {
	return func(t *testing.T, p *lab.Limpid) int {
		t.Helper()
		pid, err := p.ChildPID(t.Context(), name)
		must(t, err)
		return pid
	}
}

func blows() []blow {
	return []blow{
		{"the proxy is killed", syscall.SIGKILL, child("proxy")},
		{"the gate is killed", syscall.SIGKILL, child("gate")},
		{"the supervisor is killed", syscall.SIGKILL, func(_ *testing.T, p *lab.Limpid) int { return p.PID() }},
		{"the proxy hangs", syscall.SIGSTOP, child("proxy")},
		{"the gate hangs", syscall.SIGSTOP, child("gate")},
	}
}

// tally is what ten blows of one kind did.
type tally struct {
	attempts, failures, late, inFlight, inFlightFailed int
	slowest, gap                                       time.Duration
	statusGap                                          float64
}

func TestNewConnectionsSurvive(t *testing.T) {
	for _, b := range blows() {
		t.Run(b.name, func(t *testing.T) {
			l := lab.New(t)
			origin(t, l.S1)
			origin(t, l.S2)
			var sum tally
			rounds := repetitions
			if slow() {
				rounds = repetitionsSlow
			}
			for n := range rounds {
				p, err := l.StartLimpid(t.Context(), basic)
				must(t, err)
				must(t, p.WaitMode("inline", startTime))
				strike(t, l, p, b, &sum)
				if b.signal == syscall.SIGKILL && p.Signal(0) == nil && sum.statusGap == 0 {
					if s, err := p.Status(t.Context()); err == nil {
						sum.statusGap = s.LastGap
					}
				}
				if err := p.Stop(); err != nil && b.name != "the supervisor is killed" {
					t.Errorf("repetition %d: %v", n, err)
				}
			}
			t.Logf("%d attempts after the blow, %d failed, %d slower than %v, slowest %v, longest time without a success %v; %d in flight at the blow, %d of them cut; last_gap_ms %v",
				sum.attempts, sum.failures, sum.late, atOnce, sum.slowest, sum.gap, sum.inFlight, sum.inFlightFailed, sum.statusGap)
		})
	}
}

func rate() float64 {
	if slow() {
		return newConnectionsSlow
	}
	return newConnections
}

// strike lays load on the wire, strikes, and judges what came of each attempt.
func strike(t *testing.T, l *lab.Lab, p *lab.Limpid, b blow, sum *tally) {
	t.Helper()
	captured := status(t, p).Flows.Captured
	pid := b.target(t, p)
	targets := []string{"10.77.0.101:80", "10.80.0.2:80"}
	var turn atomic.Uint32
	left := hanging
	if slow() {
		left = hangingSlow
	}
	load := lab.Load{
		Rate: rate(), Timeout: 2 * left,
		Dial: func(ctx context.Context) (*net.TCPConn, error) {
			return l.C1.Dial(ctx, "tcp", "", targets[turn.Add(1)%2])
		},
		Do: lab.Get("/bytes/2000"),
	}
	running := load.Start(t.Context())
	time.Sleep(400 * time.Millisecond)
	now := status(t, p).Flows.Captured
	if now < captured+uint64(rate()/10) {
		t.Fatalf("only %d connections were captured before the blow", now-captured)
	}
	must(t, syscall.Kill(pid, b.signal))
	struck := time.Now()
	if b.signal == syscall.SIGSTOP {
		struck = stopped(t, pid)
	}
	time.Sleep(2200 * time.Millisecond)
	report := running.Stop()

	after, before := report.Since(struck), report.InFlight(struck)
	if err := after.Err(); err != nil {
		t.Errorf("begun after the blow, %d of %d failed: %v", after.Failures(), after.Count(), err)
	}
	if hung := before.SlowerThan(left); hung.Count() > 0 {
		t.Errorf("%d connections in flight at the blow were left hanging", hung.Count())
	}
	sum.attempts += after.Count()
	sum.failures += after.Failures()
	sum.late += after.SlowerThan(atOnce).Count()
	sum.slowest = max(sum.slowest, after.Slowest())
	sum.gap = max(sum.gap, report.Gap())
	sum.inFlight += before.Count()
	sum.inFlightFailed += before.Failures()
	if slow() {
		return // times would say nothing
	}
	if slow := after.SlowerThan(oneRetransmission); slow.Count() > 0 {
		t.Errorf("begun after the blow, %d took longer than one retransmission, slowest %v; first %v after it", slow.Count(), slow.Slowest(), slow.Attempts[0].Began.Sub(struck))
	}
	if b.signal == syscall.SIGSTOP {
		if late := report.Since(struck.Add(noticed)).SlowerThan(atOnce); late.Count() > 0 {
			t.Errorf("%v after the hang, %d connections still had to wait, slowest %v", noticed, late.Count(), late.Slowest())
		}
	}
}

// stopped waits until every thread of a process stands still, and returns when
// that was: what was begun before may have been taken by one that still ran.
func stopped(t *testing.T, pid int) time.Time {
	t.Helper()
	stats := fmt.Sprintf("/proc/%d/task/*/stat", pid)
	eventually(t, "the process to stop", func() bool {
		tasks, err := filepath.Glob(stats)
		must(t, err)
		for _, task := range tasks {
			text, err := os.ReadFile(task)
			if err != nil || !strings.Contains(string(text), ") T ") {
				return false
			}
		}
		return true // also when it was killed meanwhile: that ends a hang as well
	})
	return time.Now()
}

// TestCutFlowsAreReset looks at a flow that the proxy holds when it dies: both
// ends must hear of it, and soon.
func TestCutFlowsAreReset(t *testing.T) {
	for _, b := range blows()[:1] {
		t.Run(b.name, func(t *testing.T) {
			l, p := inline(t, basic)
			serverDone := make(chan error, 1)
			_, err := l.S1.Serve(":80", func(_ context.Context, conn *net.TCPConn) {
				_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
				buf := make([]byte, 1024)
				for {
					if _, err := conn.Read(buf); err != nil {
						serverDone <- err
						return
					}
				}
			})
			must(t, err)
			conn := dial(t, l.C1, "10.77.0.101:80")
			_, err = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			must(t, err)
			eventually(t, "the request to be relayed", func() bool { return status(t, p).Requests == 1 })
			must(t, syscall.Kill(b.target(t, p), b.signal))
			must(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
			if _, err := conn.Read(make([]byte, 1)); err == nil || isTimeout(err) {
				t.Errorf("the client was left hanging: %v", err)
			}
			select {
			case err := <-serverDone:
				if isTimeout(err) {
					t.Errorf("the server was left hanging: %v", err)
				}
			case <-time.After(5 * time.Second):
				t.Error("the server was left hanging")
			}
		})
	}
}

func isTimeout(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}
