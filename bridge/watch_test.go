package bridge

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// watched is a Watch on a thread of its own in the box.
type watched struct {
	t      *testing.T
	states chan Status
	last   Status
	stop   func() // ends Watch and waits for it
}

func (l *lab) watch(b *Bridge) *watched {
	l.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watched{t: l.t, states: make(chan Status, 1000)}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := unix.Setns(l.ns, unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		done <- b.Watch(ctx, func(st Status) { w.states <- st })
	}()
	w.stop = func() {
		l.t.Helper()
		cancel()
		select {
		case err, ok := <-done:
			if ok && err != nil {
				l.t.Errorf("watch: %v", err)
			}
			close(done)
		case <-time.After(patience):
			l.t.Error("watch does not end")
		}
		w.stop = func() {}
	}
	l.t.Cleanup(func() { w.stop() })
	return w
}

// until takes reported states until one is as wanted, beginning with the last one.
func (w *watched) until(what string, ok func(Status) bool) Status {
	w.t.Helper()
	deadline := time.After(patience)
	for !ok(w.last) {
		select {
		case w.last = <-w.states:
		case <-deadline:
			w.t.Fatalf("never reported: %s; last %+v", what, w.last)
		}
	}
	return w.last
}

func TestWatchAdoptsALatePort(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	w := l.watch(newBridge(t, testSpec))
	w.until("both missing", func(st Status) bool { return len(st.Missing()) == 2 && !st.Bridge.Present })

	server := l.port("wan0")
	st := w.until("LAN missing", func(st Status) bool { return st.WAN.Master == "br0" && len(st.Pending) == 0 })
	if m := st.Missing(); len(m) != 1 || m[0] != "lan0" {
		t.Errorf("missing: %q", m)
	}
	address := st.Bridge.MAC

	client := l.port("lan0")
	st = w.until("forwarding", Status.Forwarding)
	if !bytes.Equal(st.Bridge.MAC, address) {
		t.Errorf("bridge's address changed under way from %s to %s", address, st.Bridge.MAC)
	}
	if len(st.Drift) > 0 {
		t.Errorf("a late port is no drift: %q", st.Drift)
	}
	atServer := server.tap()
	client.tap().send(marker(1))
	if got := atServer.receive(patience); !bytes.Equal(got, marker(1)) {
		t.Errorf("got %q", got)
	}

	// The card goes, as one on USB does, and comes back as another interface.
	must(t, netlink.LinkDel(link(t, "lan0")))
	w.until("LAN missing again", func(st Status) bool { return len(st.Missing()) == 1 && !st.Forwarding() })
	client.plug("lan0")
	w.until("forwarding again", Status.Forwarding)

	// It is renamed and back.
	lan := link(t, "lan0")
	must(t, netlink.LinkSetDown(lan))
	must(t, netlink.LinkSetName(lan, "elsewhere"))
	w.until("renamed", func(st Status) bool { return len(st.Missing()) == 1 })
	must(t, netlink.LinkSetName(lan, "lan0"))
	w.until("forwarding after the rename", Status.Forwarding)
}

// TestWatchTakesAPortThatIsFreed begins with a port in another bridge. The complaint
// must be logged once, however often Watch looks.
func TestWatchTakesAPortThatIsFreed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client := l.port("lan0")
	l.port("wan0")
	plainBridge(t, "br7", "wan0")
	var said bytes.Buffer // read only after Watch ended
	b, err := New(testSpec, slog.New(slog.NewTextHandler(&said, nil)))
	must(t, err)
	w := l.watch(b)
	w.until("LAN alone", func(st Status) bool { return st.LAN.Master == "br0" && st.WAN.Master == "br7" })
	for range 3 {
		client.do(func() { must(t, netlink.LinkSetDown(link(t, "far"))) })
		w.until("cut", func(st Status) bool { return !st.LAN.Carrier })
		client.do(func() { must(t, netlink.LinkSetUp(link(t, "far"))) })
		w.until("mended", func(st Status) bool { return st.LAN.Carrier })
	}
	must(t, netlink.LinkDel(link(t, "br7")))
	w.until("forwarding", Status.Forwarding)
	w.stop()
	for what, want := range map[string]int{"already in br7": 1, "bridge is as it should be": 1} {
		if got := strings.Count(said.String(), what); got != want {
			t.Errorf("%q is logged %d times, want %d:\n%s", what, got, want, said.String())
		}
	}
}

func TestWatchFollowsTheCarrier(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client := l.port("lan0")
	l.port("wan0")
	w := l.watch(newBridge(t, testSpec))
	w.until("forwarding", Status.Forwarding)
	client.do(func() { must(t, netlink.LinkSetDown(link(t, "far"))) })
	w.until("LAN cut", func(st Status) bool { return !st.LAN.Carrier && st.WAN.Carrier && !st.Forwarding() })
	client.do(func() { must(t, netlink.LinkSetUp(link(t, "far"))) })
	w.until("LAN back", Status.Forwarding)
}

// TestWatchMends lets others change what they can. Each change must be reported as
// drift and be undone.
func TestWatchMends(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	w := l.watch(newBridge(t, testSpec))
	w.until("forwarding", Status.Forwarding)
	k, err := openKernel()
	must(t, err)
	defer k.close()

	for _, tt := range []struct {
		name   string
		change Op
	}{
		{"spanning tree", SetBridge{Name: "br0", Setting: "stp_state", To: 1}},
		{"group mask", SetPort{Name: "wan0", Setting: "group_fwd_mask", To: 0}},
		{"isolated", SetPort{Name: "lan0", Setting: "isolated", To: 1}},
		{"a port is taken out", Release{"wan0", "br0"}},
		{"a port is set down", SetDown{"lan0"}},
		{"the bridge is set down", SetDown{"br0"}},
		{"MAC", SetMAC{Name: "br0", To: mac("02:00:00:00:00:07")}},
		{"the bridge is deleted", DeleteLink{"br0"}},
		// No event tells of this one: the slow tick must find it.
		{"netfilter", WriteSysctl{Key: "net/bridge/bridge-nf-call-iptables", To: "1"}},
	} {
		must(t, tt.change.apply(k))
		w.until(tt.name+" as drift", func(st Status) bool { return len(st.Drift) > 0 })
		st := l.eventually(testSpec, tt.name+" mended", func(st Status) bool { return st.Forwarding() && len(Plan(testSpec, st)) == 0 })
		if len(st.Missing()) > 0 {
			t.Errorf("%s: missing %q", tt.name, st.Missing())
		}
		if _, ok := tt.change.(WriteSysctl); !ok { // else no event tells that it is mended
			w.until(tt.name+" at rest", func(st Status) bool { return len(st.Drift) == 0 && st.Forwarding() })
		}
	}
}

func TestWatchEndsAndLeavesTheBridge(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client, server := l.port("lan0"), l.port("wan0")
	w := l.watch(newBridge(t, testSpec))
	w.until("forwarding", Status.Forwarding)
	w.stop()
	atServer := server.tap()
	client.tap().send(marker(1))
	if got := atServer.receive(patience); !bytes.Equal(got, marker(1)) {
		t.Errorf("got %q", got)
	}
}

func TestLinkPropagation(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client, server := l.port("lan0"), l.port("wan0")
	spec := testSpec
	spec.LinkPropagation = true
	w := l.watch(newBridge(t, spec))
	carrier := func(e *end) (up bool) {
		e.do(func() { up = link(t, e.name).Attrs().RawFlags&unix.IFF_LOWER_UP != 0 })
		return up
	}
	for _, tt := range []struct {
		cut, other *end
		held       string
	}{{client, server, "wan0"}, {server, client, "lan0"}} {
		w.until("forwarding", Status.Forwarding)
		tt.cut.do(func() { must(t, netlink.LinkSetDown(link(t, "far"))) })
		w.until(tt.held+" held", func(st Status) bool { return st.Held == tt.held && len(st.Pending) == 0 })
		if carrier(tt.other) {
			t.Errorf("%s is held, but its far end sees a carrier", tt.held)
		}
		tt.cut.do(func() { must(t, netlink.LinkSetUp(link(t, "far"))) })
		w.until("released", func(st Status) bool { return st.Held == "" && st.Forwarding() })
		if !carrier(tt.other) {
			t.Errorf("%s is released, but its far end sees no carrier", tt.held)
		}
	}

	// The end of Watch must not leave a port down that nobody else would set up.
	client.do(func() { must(t, netlink.LinkSetDown(link(t, "far"))) })
	w.until("held", func(st Status) bool { return st.Held == "wan0" && !st.WAN.Up })
	w.stop()
	if st := l.status(spec); !st.WAN.Up {
		t.Error("wan0 is left down")
	}
}

// TestRestartRaisesAHeldPort begins as a killed process leaves it.
func TestRestartRaisesAHeldPort(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	spec := testSpec
	spec.LinkPropagation = true
	b := newBridge(t, spec)
	b.hold("wan0")
	if st := l.ensure(b); st.WAN.Up || st.Held != "wan0" {
		t.Fatalf("wan0 up: %v, held %q", st.WAN.Up, st.Held)
	}
	l.ensure(newBridge(t, spec))
	l.forwarding(spec)
}

// TestEventStorm makes more events than a socket holds.
func TestEventStorm(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	ctx := t.Context()
	events, err := listen(ctx)
	must(t, err)
	defer events.close()
	must(t, events.conn.SetReadBuffer(2048))
	for i := range 200 {
		must(t, netlink.LinkSetMTU(link(t, "lan0"), 1400+i%2))
	}
	wake := time.Now().Add(patience)
	if err := events.wait(ctx, wake); err != nil {
		t.Errorf("wait after too many events: %v", err)
	}
	if !time.Now().Before(wake) {
		t.Error("events went unheard")
	}
	ended, cancel := context.WithCancel(ctx)
	other, err := listen(ended)
	must(t, err)
	defer other.close()
	cancel()
	if err := other.wait(ended, time.Now().Add(patience)); err != nil {
		t.Errorf("wait after the end: %v", err)
	}
}

func TestWatchStopsWithoutAPass(t *testing.T) {
	t.Parallel()
	newLab(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newBridge(t, testSpec).Watch(ctx, func(Status) { t.Error("reported after the end") }); err != nil {
		t.Error(err)
	}
	if _, err := newBridge(t, testSpec).Ensure(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Ensure after the end: %v", err)
	}
}
