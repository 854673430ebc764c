package wire

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"limpid/test/lab"
)

const noQueue = "needs a kernel with CONFIG_NFT_QUEUE and netem; the run in the VM has them"

// mirrored is inline with the mirrored handshake, or a skip where the kernel
// has no queue.
func mirrored(t *testing.T) (*lab.Lab, *lab.Limpid) {
	t.Helper()
	if !inVM() {
		t.Skip(noQueue)
	}
	l, p := inline(t, basic+"[intercept]\nhandshake = \"mirror\"\n")
	if s := status(t, p); s.Handshake != "mirror" {
		t.Fatalf("handshake is %s", s.Handshake)
	}
	return l, p
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestAutoTakesTheBest(t *testing.T) {
	_, p := inline(t, basic)
	s := status(t, p)
	wantCapture, wantHandshake := "redirect", "accept"
	if inVM() {
		wantCapture, wantHandshake = "broute", "mirror"
	}
	if s.Capture != wantCapture || s.Handshake != wantHandshake {
		t.Errorf("capture %s, handshake %s; want %s, %s", s.Capture, s.Handshake, wantCapture, wantHandshake)
	}
}

func TestDeadServerLooksDead(t *testing.T) {
	l, p := mirrored(t)
	for _, tt := range []struct {
		name, target string
		want         error // nil for silence
		timeout      time.Duration
	}{
		{"closed port", "10.77.0.101:80", syscall.ECONNREFUSED, 10 * time.Second},
		{"closed port behind a router", "10.81.0.2:80", syscall.ECONNREFUSED, 10 * time.Second},
		{"closed port, IPv6", "[fd80::2]:80", syscall.ECONNREFUSED, 10 * time.Second},
		{"no such host", "10.80.255.7:80", syscall.EHOSTUNREACH, 10 * time.Second},
		{"silence", "10.80.254.7:80", nil, 2500 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			capture, err := l.LANSwitch.Capture("box", lab.TCP(80))
			must(t, err)
			conn, err := l.C1.Dial(within(t, tt.timeout), "tcp", "", tt.target)
			if err == nil {
				must(t, conn.Close())
				t.Fatal("connected to a dead server")
			}
			if !errors.Is(err, tt.want) && (tt.want != nil || !isTimeout(err)) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			frames, err := capture.Stop()
			must(t, err)
			for _, f := range lab.Select(frames, lab.WithFlags(lab.SYN|lab.ACK)) {
				t.Errorf("somebody answered for the dead server: %v", f)
			}
		})
	}
	if s := status(t, p); s.Flows.Captured != 0 {
		t.Errorf("%d connections to dead servers were captured", s.Flows.Captured)
	}
}

func TestSlowServerStillWorks(t *testing.T) {
	l, p := mirrored(t)
	origin(t, l.S2)
	must(t, l.S2.Delay("eth0", 2*time.Second))
	defer func() { must(t, l.S2.Undelay("eth0")) }()
	conn := dial(t, l.C1, "10.80.0.2:80")
	get(t, conn, 1000)
	if s := status(t, p); s.Flows.Captured != 0 {
		t.Errorf("a connection whose server answered after 2 s was captured: it should have been bridged")
	}
}
