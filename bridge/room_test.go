package bridge

import (
	"testing"

	"github.com/vishvananda/netlink"
)

// A wire goes for one that can be built when it has gone, and for nothing else.
func TestMakesRoom(t *testing.T) {
	next := Spec{Name: "br0", LAN: "lan0", WAN: "wan1"}
	named := Spec{Name: "wire", LAN: "lan0", WAN: "wan1"}
	port := func(name, master string) Link {
		l := settled().WAN
		l.Name, l.Index, l.Master = name, 9, master
		return l
	}
	// seenBy is the Status for next of the same kernel.
	seenBy := func(st Status, next Spec, wan Link) Status {
		st.WAN = wan
		if next.Name == "br0" {
			st.Foreign = []string{"wan0"}
		} else {
			st.Bridge = Link{Name: next.Name}
		}
		return st
	}
	for _, tt := range []struct {
		name  string
		next  Spec
		wan   Link // of next
		spoil func(is, will *Status)
		want  bool
	}{
		{"another port", next, port("wan1", ""), func(_, _ *Status) {}, true},
		{"another port, and another name", named, port("wan1", ""), func(_, _ *Status) {}, true},
		{"it is down", next, port("wan1", ""), func(is, will *Status) { is.Bridge.Up, will.Bridge.Up = false, false }, true},
		{"the same ports", Spec{Name: "wire", LAN: "wan0", WAN: "lan0"}, port("wan0", "br0"), func(_, _ *Status) {}, false},
		{"not made by limpid", next, port("wan1", ""), func(is, will *Status) { is.Bridge.Alias, will.Bridge.Alias = "", "" }, false},
		{"gone", next, port("wan1", ""), func(is, will *Status) { is.Bridge, will.Bridge = Link{Name: "br0"}, Link{Name: "br0"} }, false},
		{"with a port of somebody else", next, port("wan1", ""), func(is, will *Status) {
			is.Foreign, will.Foreign = []string{"tap0"}, []string{"wan0", "tap0"}
		}, false},
		{"the other is not there", next, Link{Name: "wan1"}, func(_, _ *Status) {}, false},
		{"the other is somebody else's", next, port("wan1", "br7"), func(_, _ *Status) {}, false},
		{"the other cannot be bridged", next, port("wan1", ""), func(_, will *Status) { will.WAN.Wireless = true }, false},
		{"the name is taken", named, port("wan1", ""), func(_, will *Status) {
			will.Bridge = Link{Name: "wire", Present: true, Kind: "veth", Index: 33}
		}, false},
		{"the name is that of a bridge with ports", named, port("wan1", ""), func(_, will *Status) {
			will.Bridge, will.Foreign = Link{Name: "wire", Present: true, Kind: "bridge", Index: 33}, []string{"tap0"}
		}, false},
	} {
		is := own()
		will := seenBy(is, tt.next, tt.wan)
		tt.spoil(&is, &will)
		if got := makesRoom(testSpec, is, tt.next, will); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A wire makes room for another and that one for the first, which is then built; each has
// its two ports and no other.
func TestMakeRoom(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, name := range []string{"lan0", "wan0", "wan1", "lan1"} {
		l.port(name)
	}
	now := testSpec
	l.ensure(newBridge(t, now))
	for _, next := range []Spec{
		{Name: "br0", LAN: "lan0", WAN: "wan1"}, testSpec, {Name: "wire", LAN: "wan1", WAN: "wan0"},
		{Name: "br0", LAN: "lan1", WAN: "wan0"}, testSpec,
	} {
		if err := Check(t.Context(), next); err == nil {
			t.Errorf("%v could be built beside %v", next, now)
		}
		if left, err := newBridge(t, now).MakeRoom(t.Context(), next); !left || err != nil {
			t.Fatalf("%v for %v: %v, %v", now, next, left, err)
		}
		must(t, Check(t.Context(), next))
		if st := l.ensure(newBridge(t, next)); !st.Joined() || len(st.Foreign) > 0 {
			t.Errorf("%v: %+v with %v", next, st.Bridge, st.Foreign)
		}
		if _, err := netlink.LinkByName(now.Name); err == nil && now.Name != next.Name {
			t.Errorf("%v is left of %v", now.Name, now)
		}
		now = next
		l.forwarding(now)
	}
	left, err := newBridge(t, now).MakeRoom(t.Context(), Spec{Name: "br0", LAN: "lan0", WAN: "none"})
	if left || err != nil {
		t.Errorf("for a port that is not there: %v, %v", left, err)
	}
	l.forwarding(now)
}
