package lab

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// One lab serves all, each with a port of its own.
func TestLoad(t *testing.T) {
	l := plain(t)
	t.Run("accepts", func(t *testing.T) { testLoadAgainstAServerThatAccepts(t, l) })
	t.Run("refuses", func(t *testing.T) { testLoadAgainstAServerThatRefuses(t, l) })
	t.Run("stalls", func(t *testing.T) { testLoadDoesNotSlowDown(t, l) })
	t.Run("wrong bodies", func(t *testing.T) { testLoadNoticesWrongBodies(t, l) })
}

func dialer(n *Node, target string) func(context.Context) (*net.TCPConn, error) {
	return func(ctx context.Context) (*net.TCPConn, error) { return n.Dial(ctx, "tcp", "", target) }
}

func testLoadAgainstAServerThatAccepts(t *testing.T, l *Lab) {
	o, err := l.S1.HTTPOrigin(":80")
	must(t, err)
	for _, reset := range []bool{false, true} {
		before := len(o.Accepted())
		capture, err := l.C1.Capture("eth0", TCP(80), Toward(ToServers))
		must(t, err)
		load := Load{Rate: 200, Dial: dialer(l.C1, "10.77.0.101:80"), Do: Get("/bytes/1000"), Reset: reset}
		report := load.Run(t.Context(), 300*time.Millisecond)
		frames, err := capture.Stop()
		must(t, err)
		accepted := o.Accepted()[before:]
		n := report.Count()
		if n < 10 || report.Failures() != 0 || report.Err() != nil || report.Bytes() != int64(n)*1000 {
			t.Errorf("200/s for 0.3 s: %s: %v", report, report.Err())
		}
		if len(accepted) != n {
			t.Errorf("server accepted %d of %d attempts", len(accepted), n)
		}
		ports := map[netip.AddrPort]bool{}
		for _, a := range accepted {
			ports[a.Client] = true
		}
		first := slices.MinFunc(report.Attempts, func(a, b Attempt) int { return a.Due.Compare(b.Due) }).Due
		due := map[time.Duration]bool{}
		for i, a := range report.Attempts {
			if !ports[a.Local] {
				t.Errorf("server never saw %s", a.Local)
			}
			due[a.Due.Sub(first)] = true
			if a.Connected.Before(a.Began) || a.Ended.Before(a.Connected) || a.Began.Before(a.Due) {
				t.Errorf("attempt %d: due %s began %s connected %s ended %s", i, a.Due, a.Began, a.Connected, a.Ended)
			}
		}
		for i := range n {
			if at := time.Duration(i) * 5 * time.Millisecond; !due[at] {
				t.Errorf("no attempt was due %s after the first", at)
			}
		}
		if got := len(Tuples(Select(frames, WithFlags(RST)))); reset && got != n {
			t.Errorf("%d of %d connections were reset", got, n)
		} else if !reset && len(Tuples(Select(frames, WithFlags(FIN)))) != n {
			t.Errorf("%d connections, and not each ended with FIN", n)
		}
	}
}

func testLoadAgainstAServerThatRefuses(t *testing.T, l *Lab) {
	load := Load{Rate: 200, Dial: dialer(l.C1, "10.77.0.101:81"), Do: Get("/bytes/1000")}
	report := load.Run(t.Context(), 200*time.Millisecond)
	if report.Count() < 10 || report.Failures() != report.Count() || report.Bytes() != 0 {
		t.Errorf("refused: %s", report)
	}
	for _, a := range report.Attempts {
		if !errors.Is(a.Err, unix.ECONNREFUSED) || !a.Connected.IsZero() || a.Local.IsValid() {
			t.Errorf("attempt %+v, want refused", a)
		}
	}
	if err := report.Err(); err == nil || !strings.HasSuffix(err.Error(), "attempts: connection refused") {
		t.Errorf("report says %v", err)
	}
}

// A server that stalls gets as many connections as one that does not.
func testLoadDoesNotSlowDown(t *testing.T, l *Lab) {
	s, err := l.S1.Serve(":82", func(ctx context.Context, _ *net.TCPConn) { <-ctx.Done() })
	must(t, err)
	load := Load{Rate: 200, Dial: dialer(l.C1, "10.77.0.101:82"), Do: Get("/bytes/1000"), Timeout: 400 * time.Millisecond}
	running := load.Start(t.Context())
	for s.Open() < 30 {
		time.Sleep(time.Millisecond)
	}
	if r := running.Report(); r.Count() != 0 {
		t.Errorf("attempts ended though nothing answers: %s", r)
	}
	report := running.Stop()
	if report.Count() < 30 || report.Failures() != report.Count() {
		t.Errorf("stalled: %s", report)
	}
	for _, a := range report.Attempts {
		if e, ok := errors.AsType[net.Error](a.Err); !ok || !e.Timeout() || a.Connected.IsZero() {
			t.Errorf("attempt ended with %v, want a timeout after connecting", a.Err)
		}
	}
}

func testLoadNoticesWrongBodies(t *testing.T, l *Lab) {
	_, err := l.S1.Serve(":83", func(ctx context.Context, conn *net.TCPConn) {
		buf := make([]byte, 1000)
		_, _ = conn.Read(buf)
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"))
	})
	must(t, err)
	_, err = l.S2.HTTPOrigin(":80")
	must(t, err)
	for _, c := range []struct {
		target, path string
		fails        bool
	}{
		{"10.77.0.101:83", "/bytes/5", true},
		{"10.77.0.101:83", "/client", false},
		{"10.80.0.2:80", "/bytes/5", false},
		{"10.80.0.2:80", "/status/500", false},
		{"10.80.0.2:80", "/nothing/5", true},
	} {
		conn, err := l.C1.Dial(t.Context(), "tcp", "", c.target)
		must(t, err)
		_, err = Get(c.path)(t.Context(), conn)
		if (err != nil) != c.fails {
			t.Errorf("get %s from %s: %v", c.path, c.target, err)
		}
		must(t, conn.Close())
	}
}

func TestReport(t *testing.T) {
	t0 := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return t0.Add(time.Duration(ms) * time.Millisecond) }
	refused, reset := &net.OpError{Op: "dial", Err: unix.ECONNREFUSED}, errors.New("read: reset")
	report := newReport([]Attempt{
		{Began: at(300), Ended: at(1500), Bytes: 10},
		{Began: at(0), Ended: at(10), Bytes: 10},
		{Began: at(100), Ended: at(250), Err: reset},
		{Began: at(200), Ended: at(201), Err: refused},
		{Began: at(150), Ended: at(152), Err: refused},
		{Began: at(400), Ended: at(420), Bytes: 10},
	})
	for i, a := range report.Attempts[1:] {
		if a.Began.Before(report.Attempts[i].Began) {
			t.Fatalf("attempts are not in the order they began: %v", report.Attempts)
		}
	}
	for _, c := range []struct {
		what            string
		report          Report
		count, failures int
		slowest         time.Duration
	}{
		{"all", report, 6, 3, 1200 * time.Millisecond},
		{"since", report.Since(at(200)), 3, 1, 1200 * time.Millisecond},
		{"before", report.Before(at(200)), 3, 2, 150 * time.Millisecond},
		{"in flight", report.InFlight(at(200)), 1, 1, 150 * time.Millisecond},
		{"over", report.Over(at(200)), 2, 1, 10 * time.Millisecond},
		{"met", report.Met(at(151), at(200)), 2, 2, 150 * time.Millisecond},
		{"failed", report.Failed(), 3, 3, 150 * time.Millisecond},
		{"slow", report.SlowerThan(time.Second), 1, 0, 1200 * time.Millisecond},
		{"none", report.Since(at(5000)), 0, 0, 0},
	} {
		if c.report.Count() != c.count || c.report.Failures() != c.failures || c.report.Slowest() != c.slowest {
			t.Errorf("%s: %s, want %d attempts, %d failures, slowest %s", c.what, c.report, c.count, c.failures, c.slowest)
		}
	}
	if got, want := report.Gap(), 1080*time.Millisecond; got != want {
		t.Errorf("gap %s, want %s", got, want)
	}
	if got, want := report.Err().Error(), "2 attempts: connection refused\n1 attempts: reset"; got != want {
		t.Errorf("errors %q, want %q", got, want)
	}
	if got, want := report.String(), "6 attempts, 3 failures, slowest 1.2s, gap 1.08s, 30 bytes"; got != want {
		t.Errorf("line %q, want %q", got, want)
	}
}
