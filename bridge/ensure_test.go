package bridge

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

func TestEnsureBuildsWhatWasAsked(t *testing.T) {
	t.Parallel()
	l, _ := standing(t)
	st := l.forwarding(testSpec)

	if want := DeriveMAC(st.LAN.MAC); !bytes.Equal(st.Bridge.MAC, want) {
		t.Errorf("bridge has %s, want %s", st.Bridge.MAC, want)
	}
	for _, s := range bridgeSettings() {
		if got, ok := st.Bridge.Settings[s.Name]; !ok || got != s.Want {
			t.Errorf("bridge's %s is %#x (known: %v), want %#x", s.Name, got, ok, s.Want)
		}
	}
	for _, port := range st.ports() {
		for _, s := range append(portSettings(), portState()) {
			if got, ok := port.Settings[s.Name]; !ok || got != s.Want {
				t.Errorf("%s of port %s is %#x (known: %v), want %#x", s.Name, port.Name, got, ok, s.Want)
			}
		}
		if link(t, port.Name).Attrs().Promisc != 1 {
			t.Errorf("port %s is not promiscuous: it would take frames for itself only", port.Name)
		}
		if port.SpeedMbps == 0 || !port.FullDuplex {
			t.Errorf("speed of port %s is not known", port.Name)
		}
	}
	wanted := globalSysctls()
	for _, name := range []string{"br0", "lan0", "wan0"} {
		wanted = append(wanted, linkSysctls(name)...)
	}
	for _, s := range wanted {
		if got := sysctlValue(t, s.Key); got != s.Want {
			t.Errorf("%s is %s, want %s", s.Key, got, s.Want)
		}
	}
	for _, l := range []Link{st.Bridge, st.LAN, st.WAN} {
		if len(l.Addresses) > 0 {
			t.Errorf("%s has addresses: %v", l.Name, l.Addresses)
		}
	}
	if !st.Loopback || len(st.Foreign) > 0 || len(st.Warnings) > 0 || len(st.Missing()) > 0 {
		t.Errorf("status is %+v", st)
	}
}

func TestSecondEnsureDoesNothing(t *testing.T) {
	t.Parallel()
	l, first := standing(t)
	before := l.forwarding(testSpec)
	events, err := listen(t.Context())
	must(t, err)
	defer events.close()

	for _, b := range []*Bridge{first, newBridge(t, testSpec)} { // the same run, and a restart
		st := l.ensure(b)
		if len(st.Drift) > 0 {
			t.Errorf("drift: %q", st.Drift)
		}
	}
	if ops := Plan(testSpec, before); len(ops) > 0 {
		t.Errorf("plan after Ensure: %q", describe(ops))
	}
	if after := l.status(testSpec); !bytes.Equal(after.Bridge.MAC, before.Bridge.MAC) || after.Bridge.Index != before.Bridge.Index {
		t.Errorf("bridge was %+v, is %+v", before.Bridge, after.Bridge)
	}
	must(t, events.conn.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	if msgs, err := events.conn.Receive(); err == nil {
		t.Errorf("the kernel reports %d changes, first %v", len(msgs), msgs[0].Header)
	}
}

// TestTakeOverLosesNoFrame spoils all there is on a bridge that forwards and mends it
// under a stream of numbered frames.
func TestTakeOverLosesNoFrame(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client, server := l.port("lan0"), l.port("wan0")
	l.port("third")
	br := plainBridge(t, "br0", "lan0", "wan0", "third")
	must(t, netlink.LinkSetHairpin(link(t, "wan0"), true))
	must(t, netlink.LinkSetFastLeave(link(t, "lan0"), true))
	must(t, netlink.LinkSetMTU(br, 1300))
	must(t, writeSysctl("net/ipv4/conf/lan0/rp_filter", "2"))
	// Let the kernel's own addresses come, so that there is something to take off.
	before := l.eventually(testSpec, "plain bridge forwards and has addresses", func(st Status) bool {
		return st.Forwarding() && len(st.LAN.Addresses) > 0 && len(st.Bridge.Addresses) > 0
	})
	atClient, atServer := client.tap(), server.tap()

	const frames = 2000
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for i := range frames {
			atClient.send(marker(i))
			time.Sleep(200 * time.Microsecond)
		}
	}()
	for next := 0; next < frames; {
		if next == frames/10 {
			l.ensure(newBridge(t, testSpec))
		}
		got := atServer.receive(patience)
		switch {
		case got == nil:
			t.Fatalf("frame %d is lost", next)
		case !bytes.Equal(got[12:14], []byte{0x88, 0xb5}):
			continue // the plain bridge talks
		case !bytes.Equal(got, marker(next)):
			t.Fatalf("got %q, want number %d", got[14:], next)
		}
		next++
	}
	<-sent

	st := l.status(testSpec)
	if ops := Plan(testSpec, st); len(ops) > 0 {
		t.Errorf("not mended: %q", describe(ops))
	}
	if st.Bridge.Index != before.Bridge.Index {
		t.Error("bridge was made anew")
	}
	if want := DeriveMAC(st.LAN.MAC); !bytes.Equal(st.Bridge.MAC, want) {
		t.Errorf("bridge has %s, want %s", st.Bridge.MAC, want)
	}
	if len(st.Foreign) != 1 || len(st.Warnings) != 1 || !strings.Contains(st.Warnings[0], "third") {
		t.Errorf("foreign port: %q, warnings %q", st.Foreign, st.Warnings)
	}
}

func TestTakeOverAddsTheMissingPort(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client, server := l.port("lan0"), l.port("wan0")
	plainBridge(t, "br0", "wan0")
	l.ensure(newBridge(t, testSpec))
	l.forwarding(testSpec)
	atServer := server.tap()
	client.tap().send(marker(1))
	if got := atServer.receive(patience); !bytes.Equal(got, marker(1)) {
		t.Errorf("got %q", got)
	}
}

// TestTakeOverReleasesBlockedPorts begins with spanning tree, which holds a new port
// back for 30 s.
func TestTakeOverReleasesBlockedPorts(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	plainBridge(t, "br0")
	k, err := openKernel()
	must(t, err)
	defer k.close()
	must(t, SetBridge{Name: "br0", Setting: "stp_state", To: 1}.apply(k))
	for _, name := range []string{"lan0", "wan0"} {
		must(t, Enslave{name, "br0"}.apply(k))
		must(t, SetUp{name}.apply(k))
	}
	l.eventually(testSpec, "ports listen", func(st Status) bool {
		return st.LAN.Running && st.WAN.Running && st.LAN.Settings["state"] == 1 && st.WAN.Settings["state"] == 1
	})
	l.ensure(newBridge(t, testSpec))
	if st := l.status(testSpec); !st.Forwarding() {
		t.Errorf("not forwarding: %v, %v", st.LAN.Settings, st.WAN.Settings)
	}
}

func TestEnsureBuildsAroundWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	other := plainBridge(t, "br7", "wan0")
	b := newBridge(t, testSpec)
	st, err := b.Ensure(t.Context())
	if err == nil || !strings.Contains(err.Error(), "port wan0 is already in br7") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error is %v", err)
	}
	if st.LAN.Master != "br0" || st.WAN.Master != "br7" {
		t.Errorf("lan0 is in %q, wan0 in %q", st.LAN.Master, st.WAN.Master)
	}
	must(t, netlink.LinkDel(other))
	st = l.ensure(b)
	if st.WAN.Master != "br0" || len(st.Drift) == 0 {
		t.Errorf("wan0 is in %q; drift %q", st.WAN.Master, st.Drift)
	}
}

func TestMTUFollowsTheSmallerPort(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	must(t, netlink.LinkSetMTU(link(t, "wan0"), 1400))
	b := newBridge(t, testSpec)
	st := l.ensure(b)
	if st.Bridge.MTU != 1400 || len(st.Warnings) != 1 || !strings.Contains(st.Warnings[0], "differ in MTU (lan0 1500, wan0 1400)") {
		t.Errorf("bridge's MTU is %d; warnings %q", st.Bridge.MTU, st.Warnings)
	}
	for _, mtu := range []int{1300, 1450} { // by hand: the kernel then follows no more
		must(t, netlink.LinkSetMTU(link(t, "br0"), mtu))
		must(t, netlink.LinkSetMTU(link(t, "wan0"), 1420))
		if st := l.ensure(b); st.Bridge.MTU != 1420 {
			t.Errorf("bridge's MTU is %d, want 1420", st.Bridge.MTU)
		}
	}
}

func TestEnsureLeavesATakenNameAlone(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	l.port("br0")
	_, err := newBridge(t, testSpec).Ensure(t.Context())
	if err == nil || !strings.Contains(err.Error(), "interface br0 exists and is no bridge (it is a veth)") {
		t.Errorf("error is %v", err)
	}
	if st := l.status(testSpec); st.LAN.Master != "" || st.LAN.Up || st.Bridge.Up {
		t.Errorf("something was changed: %+v", st)
	}
	if err := newBridge(t, testSpec).Down(t.Context()); err != nil {
		t.Errorf("down: %v", err)
	}
	if !l.status(testSpec).Bridge.Present {
		t.Error("an interface that is no bridge was deleted")
	}
}

func TestDownGivesThePortsBack(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	must(t, netlink.LinkSetUp(link(t, "lan0")))
	keys := []string{"addr_gen_mode", "accept_ra", "autoconf", "router_solicitations", "force_mld_version", "disable_ipv6"}
	b := newBridge(t, testSpec)
	l.ensure(b)
	l.forwarding(testSpec)

	for range 2 {
		must(t, b.Down(t.Context()))
		st := l.status(testSpec)
		if st.Bridge.Present {
			t.Fatal("bridge is still there")
		}
		for _, port := range st.ports() {
			attrs := link(t, port.Name).Attrs()
			if port.Master != "" || !port.Up || attrs.Promisc != 0 {
				t.Errorf("port %s: master %q, up %v, promiscuous %d", port.Name, port.Master, port.Up, attrs.Promisc)
			}
			for _, key := range keys {
				got := sysctlValue(t, "net/ipv6/conf/"+port.Name+"/"+key)
				if want := sysctlValue(t, "net/ipv6/conf/default/"+key); got != want {
					t.Errorf("%s of %s is %s, want the default %s", key, port.Name, got, want)
				}
			}
		}
	}
	// The ports are ordinary ones again, which make up their link-local addresses.
	l.eventually(testSpec, "link-local addresses", func(st Status) bool {
		return len(st.LAN.Addresses) == 1 && len(st.WAN.Addresses) == 1
	})
	l.ensure(b)
	l.forwarding(testSpec)
}

func TestDownLeavesABridgeThatOthersUse(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	l.port("third")
	b := newBridge(t, testSpec)
	l.ensure(b)
	must(t, netlink.LinkSetMaster(link(t, "third"), link(t, "br0")))
	if err := b.Down(t.Context()); err == nil || !strings.Contains(err.Error(), "third") {
		t.Errorf("error is %v", err)
	}
	if st := l.status(testSpec); !st.Bridge.Present || st.LAN.Master != "" || st.WAN.Master != "" {
		t.Errorf("bridge %v, lan0 in %q, wan0 in %q", st.Bridge.Present, st.LAN.Master, st.WAN.Master)
	}
}

// TestNoDescriptorIsLeft must not run beside others.
func TestNoDescriptorIsLeft(t *testing.T) {
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	b := newBridge(t, testSpec)
	count := func() int {
		fds, err := os.ReadDir("/proc/self/fd")
		must(t, err)
		return len(fds)
	}
	l.ensure(b)
	before := count()
	for range 20 {
		l.ensure(b)
		if err := Check(t.Context(), testSpec); err != nil {
			t.Fatal(err)
		}
	}
	must(t, b.Down(t.Context()))
	if after := count(); after > before {
		t.Errorf("%d descriptors are open, %d were", after, before)
	}
}

func TestMarkersDiffer(t *testing.T) {
	if bytes.Equal(marker(1), marker(2)) || binary.BigEndian.Uint16(marker(1)[12:]) != 0x88b5 || len(marker(1)) < 60 {
		t.Error("numbered frames cannot be told apart")
	}
}
