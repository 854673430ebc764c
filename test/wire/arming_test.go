package wire

import (
	"fmt"
	"net"
	"testing"
	"time"

	"limpid/test/lab"
)

// download begins a download that lasts longer than any change does, unless its origin
// hurries, and returns its end.
func download(t *testing.T, conn *net.TCPConn) chan error {
	t.Helper()
	const size, gap = 100_000, 600 // bytes; ms after each 1,000
	done := make(chan error, 1)
	go func() { done <- fetch(conn, fmt.Sprintf("/slow/%d?ms=%d", size, gap), size) }()
	return done
}

func finished(t *testing.T, what string, done chan error) {
	t.Helper()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	case <-time.After(2 * time.Minute):
		t.Errorf("%s: hangs", what)
	}
}

// survive opens an idle connection and a download in one state, changes the
// state, and uses both on.
func survive(t *testing.T, l *lab.Lab, o *lab.Origin, change func()) {
	t.Helper()
	resets, err := l.LANSwitch.Capture("box", lab.TCP(80), lab.WithFlags(lab.RST))
	must(t, err)
	idle := dial(t, l.C1, "10.80.0.2:80")
	get(t, idle, 1000)
	loading := dial(t, l.C2, "[fd80::2]:80")
	done := download(t, loading)
	time.Sleep(300 * time.Millisecond)
	change()
	select {
	case err := <-done:
		t.Fatalf("the download ended before the change (%v): nothing was tested", err)
	default:
	}
	get(t, idle, 1000)
	o.Hurry()
	finished(t, "download across the change", done)
	get(t, idle, 500_000)
	get(t, loading, 1000)
	frames, err := resets.Stop()
	must(t, err)
	for _, f := range frames {
		t.Errorf("a reset was sent: %v", f)
	}
}

func TestConnectionsSurviveArming(t *testing.T) {
	l, p := inline(t, basic)
	o := origin(t, l.S2)
	bypass(t, p)
	before := status(t, p).Flows.Captured
	survive(t, l, o, func() { unbypass(t, p) })
	if after := status(t, p).Flows.Captured; after != before {
		t.Errorf("%d connections that were open before arming were captured", after-before)
	}
}

func TestConnectionsSurviveBypass(t *testing.T) {
	l, p := inline(t, basic)
	o := origin(t, l.S2)
	before := status(t, p).Flows.Captured
	survive(t, l, o, func() { bypass(t, p) })
	if after := status(t, p).Flows.Captured; after != before+2 {
		t.Errorf("captured %d connections, want 2: the bypass was tested on a wire", after-before)
	}
	// New ones are bridged meanwhile.
	conn := dial(t, l.C1, "10.80.0.2:80")
	get(t, conn, 1000)
	if s := status(t, p); s.Flows.Captured != before+2 || s.Flows.Bridged == 0 {
		t.Errorf("in bypass: %d captured, %d bridged", s.Flows.Captured, s.Flows.Bridged)
	}
}

// TestConnectionsSurviveTheArrivalOfLimpid has them cross a bridge that an
// earlier run left, with nobody supervising.
func TestConnectionsSurviveTheArrivalOfLimpid(t *testing.T) {
	l, p := inline(t, basic)
	o := origin(t, l.S2)
	must(t, p.Stop())
	survive(t, l, o, func() {
		again, err := l.StartLimpid(t.Context(), basic)
		must(t, err)
		must(t, again.WaitMode("inline", startTime))
	})
}
