package bridge

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vishvananda/netlink"
)

// alone is testSpec for the only wire of a machine.
func alone() Spec {
	spec := testSpec
	spec.Alone = true
	return spec
}

// own is settled, of a bridge that limpid has made.
func own() Status {
	st := settled()
	st.Bridge.Alias = mark
	return st
}

// What limpid has made beside a wire goes first, and nothing is built before it has gone.
func TestPlanAlone(t *testing.T) {
	for _, tt := range []struct {
		name     string
		spoil    func(*Status)
		want     []Op // but for what follows when there is none of it
		beside   []Op // of a Spec that is not to be alone
		displace bool
	}{
		{"settled", func(*Status) {}, nil, nil, false},
		{"another port in the place of one", func(st *Status) {
			st.WAN.Master, st.WAN.Settings, st.Foreign = "", nil, []string{"eth9"}
		}, []Op{Release{"eth9", "br0"}}, []Op{Enslave{"wan0", "br0"}}, true},
		{"a third port", func(st *Status) { st.Foreign = []string{"eth9"} }, []Op{Release{"eth9", "br0"}}, nil, false},
		{"two other ports", func(st *Status) {
			st.LAN.Master, st.WAN.Master, st.Foreign = "", "", []string{"eth8", "eth9"}
		}, []Op{Release{"eth8", "br0"}, Release{"eth9", "br0"}}, []Op{Enslave{"lan0", "br0"}, Enslave{"wan0", "br0"}}, true},
		{"another port, and one is missing", func(st *Status) {
			st.WAN, st.Foreign = Link{Name: "wan0"}, []string{"eth9"}
		}, []Op{Release{"eth9", "br0"}}, nil, false},
		{"a bridge of somebody else with a port of theirs", func(st *Status) {
			st.Bridge.Alias, st.Foreign = "", []string{"eth9"}
		}, nil, nil, false},
		{"another wire", func(st *Status) {
			st.Bridge = Link{Name: "br0"}
			st.LAN.Master, st.WAN.Master = "wire", ""
			st.Strays = []Link{{Name: "wire", Present: true, Up: true}}
		}, []Op{DeleteLink{"wire"}}, []Op{Enslave{"wan0", "br0"}}, true},
		{"another wire, beside", func(st *Status) { st.Strays = []Link{{Name: "wire", Present: true}} }, []Op{DeleteLink{"wire"}}, nil, false},
		{"the name is taken", func(st *Status) {
			st.Bridge.Kind, st.Strays = "bond", []Link{{Name: "wire", Present: true}}
		}, nil, nil, true},
	} {
		st := own()
		tt.spoil(&st)
		if st.Displaced() && !tt.displace || !st.Displaced() && tt.displace {
			t.Errorf("%s: displaced is %v", tt.name, st.Displaced())
		}
		if d := cmp.Diff(tt.want, Plan(alone(), st), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
		steps := slices.DeleteFunc(Plan(testSpec, st), func(o Op) bool {
			switch o.(type) {
			case Enslave, Release, DeleteLink:
				return false
			}
			return true
		})
		if d := cmp.Diff(tt.beside, steps, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s, not alone (-want +got):\n%s", tt.name, d)
		}
	}
}

// Ports of others do not keep a bridge that limpid has made, where it is to be alone.
func TestPlanDownAlone(t *testing.T) {
	for _, made := range []bool{true, false} {
		st := settled()
		st.Foreign = []string{"eth9"}
		want := []Op{Release{"lan0", "br0"}, Release{"wan0", "br0"}}
		if made {
			st.Bridge.Alias = mark
			want = append(want, Release{"eth9", "br0"}, DeleteLink{"br0"})
		}
		got := slices.DeleteFunc(planDown(alone(), st), func(o Op) bool { _, ok := o.(WriteSysctl); return ok })
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("made by limpid: %v (-want +got):\n%s", made, d)
		}
	}
}

// The wire comes back in the place of another, in one call.
func TestEnsureAlone(t *testing.T) {
	t.Parallel()
	for _, other := range []Spec{
		{Name: "br0", LAN: "lan0", WAN: "third"}, {Name: "br0", LAN: "third", WAN: "fourth"},
		{Name: "wire", LAN: "third", WAN: "wan0"}, {Name: "wire", LAN: "third", WAN: "fourth"},
		{Name: "wire", LAN: "wan0", WAN: "lan0"},
	} {
		t.Run(other.Name+" "+other.LAN+" "+other.WAN, func(t *testing.T) {
			l := newLab(t)
			for _, name := range []string{"lan0", "wan0", "third", "fourth"} {
				l.port(name)
			}
			plainBridge(t, "theirs")
			l.ensure(newBridge(t, other))
			st := l.ensure(newBridge(t, alone()))
			if !st.Joined() || len(st.Foreign) > 0 || len(st.Strays) > 0 || st.Displaced() {
				t.Errorf("the bridge is %+v with %v, beside %v", st.Bridge, st.Foreign, st.Strays)
			}
			if _, err := netlink.LinkByName("wire"); err == nil {
				t.Error("the other one is still there")
			}
			for _, name := range []string{"third", "fourth"} {
				if link(t, name).Attrs().MasterIndex != 0 {
					t.Errorf("%s is still in a bridge", name)
				}
			}
			link(t, "theirs")
			l.forwarding(testSpec)
		})
	}
}

// What is in a bridge of somebody else stays in it.
func TestEnsureAloneWithOthers(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, name := range []string{"lan0", "wan0", "third"} {
		l.port(name)
	}
	plainBridge(t, "br0", "third")
	b := newBridge(t, alone())
	if st := l.ensure(b); !slices.Equal(st.Foreign, []string{"third"}) {
		t.Errorf("beside the ports it has %v", st.Foreign)
	}
	if err := b.Down(t.Context()); err == nil || !strings.Contains(err.Error(), "third") {
		t.Errorf("Down: %v", err)
	}
	if link(t, "third").Attrs().MasterIndex != link(t, "br0").Attrs().Index {
		t.Error("it was taken out")
	}
}
