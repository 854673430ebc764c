package bridge

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// settled is the status of a bridge that is as it should be: the tables below each
// spoil something in it.
func settled() Status {
	wantedSettings := func(settings []setting) map[string]uint32 {
		m := make(map[string]uint32)
		for _, s := range settings {
			m[s.Name] = s.Want
		}
		return m
	}
	port := func(name, address string, index int) Link {
		return Link{
			Name: name, Present: true, Up: true, Running: true, Carrier: true, Index: index, MTU: 1500,
			MAC: mac(address), Ethernet: true, Master: "br0",
			Settings: wantedSettings(append(portSettings(), portState())),
		}
	}
	st := Status{
		LAN: port("lan0", "00:00:5e:00:53:0a", 2), WAN: port("wan0", "00:00:5e:00:53:0b", 3),
		Bridge: Link{
			Name: "br0", Present: true, Up: true, Running: true, Carrier: true, Index: 4, MTU: 1500,
			MAC: mac("42:00:5e:00:53:0a"), Kind: "bridge", Ethernet: true,
			Settings: wantedSettings(bridgeSettings()),
		},
		Loopback: true,
		Sysctls:  make(map[string]string),
	}
	for _, s := range linkSysctls("default") {
		st.Sysctls[s.Key] = "7"
	}
	wanted := globalSysctls() // rp_filter of the defaults among them
	for _, name := range []string{"br0", "lan0", "wan0"} {
		wanted = append(wanted, linkSysctls(name)...)
	}
	for _, s := range wanted {
		st.Sysctls[s.Key] = s.Want
	}
	return st
}

// vlan7 is a VLAN device on the bridge of settled, as it should be.
func vlan7(st *Status) Link {
	const id = 7
	l := Link{
		Name: testSpec.vlanName(id), Present: true, Up: true, Index: 107, MTU: 1500,
		Kind: "vlan", Ethernet: true, Parent: 4, VLAN: id,
	}
	for _, s := range linkSysctls(l.Name) {
		st.Sysctls[s.Key] = s.Want
	}
	return l
}

func TestPlanMendsWhatDiffers(t *testing.T) {
	addr := netip.MustParsePrefix
	ip := netip.MustParseAddr
	gone := func(name string) Link { return Link{Name: name} }
	for _, tt := range []struct {
		name  string
		spoil func(*Spec, *Status)
		want  []Op
	}{
		{"nothing", func(*Spec, *Status) {}, nil},
		{"lo is down", func(_ *Spec, st *Status) { st.Loopback = false }, []Op{SetUp{"lo"}}},
		{"netfilter sees bridged frames", func(_ *Spec, st *Status) {
			st.Sysctls["net/bridge/bridge-nf-call-iptables"] = "1"
		}, []Op{WriteSysctl{"net/bridge/bridge-nf-call-iptables", "1", "0"}}},
		{"a sysctl file that the kernel lacks", func(_ *Spec, st *Status) {
			delete(st.Sysctls, "net/bridge/bridge-nf-call-iptables")
			delete(st.Sysctls, "net/ipv6/conf/lan0/ndisc_notify")
		}, nil},
		{"STP is on: off before the delay", func(_ *Spec, st *Status) {
			st.Bridge.Settings["forward_delay"] = 1500
			st.Bridge.Settings["stp_state"] = 1
		}, []Op{SetBridge{"br0", "stp_state", 1, 0}, SetBridge{"br0", "forward_delay", 1500, 0}}},
		{"a bridge setting that the kernel lacks", func(_ *Spec, st *Status) {
			delete(st.Bridge.Settings, "mcast_snooping")
		}, nil},
		{"a port is isolated and does not learn", func(_ *Spec, st *Status) {
			st.WAN.Settings["isolated"] = 1
			st.WAN.Settings["learning"] = 0
		}, []Op{SetPort{"wan0", "learning", 0, 1}, SetPort{"wan0", "isolated", 1, 0}}},
		{"STP had blocked a port", func(_ *Spec, st *Status) { st.LAN.Settings["state"] = 4 },
			[]Op{SetPort{"lan0", "state", 4, stateForwarding}}},
		{"a port without carrier is not forwarding", func(_ *Spec, st *Status) {
			st.LAN.Settings["state"] = 0
			st.LAN.Running, st.LAN.Carrier = false, false
		}, nil},
		{"ports are down", func(_ *Spec, st *Status) {
			st.LAN.Up, st.LAN.Running, st.LAN.Carrier = false, false, false
			st.Bridge.Up = false
		}, []Op{SetUp{"br0"}, SetUp{"lan0"}}},
		{"a port is held down", func(spec *Spec, _ *Status) { spec.held = "wan0" }, []Op{SetDown{"wan0"}}},
		{"a held port stays down", func(spec *Spec, st *Status) {
			spec.held = "wan0"
			st.WAN.Up, st.WAN.Running, st.WAN.Carrier = false, false, false
		}, nil},
		{"a port is out of the bridge", func(_ *Spec, st *Status) { st.WAN.Master, st.WAN.Settings = "", nil },
			[]Op{Enslave{"wan0", "br0"}, SetPort{"wan0", "group_fwd_mask", 0, portGroupMask}}},
		{"a port is missing", func(_ *Spec, st *Status) { st.LAN = gone("lan0") }, nil},
		{"both ports are missing", func(_ *Spec, st *Status) { st.LAN, st.WAN = gone("lan0"), gone("wan0") }, nil},
		{"a port is in another bridge", func(_ *Spec, st *Status) {
			st.WAN.Master, st.WAN.Settings = "br7", map[string]uint32{"isolated": 1}
			st.Sysctls["net/ipv4/conf/wan0/rp_filter"] = "2"
		}, nil},
		{"a port is no Ethernet", func(_ *Spec, st *Status) {
			st.WAN.Master, st.WAN.Settings, st.WAN.Ethernet, st.WAN.Up = "", nil, false, false
		}, nil},
		{"large receive offload is on", func(_ *Spec, st *Status) { st.LAN.LRO = true }, []Op{DisableLRO{"lan0"}}},
		{"the bridge has an address of a foreign origin", func(_ *Spec, st *Status) {
			st.Bridge.MAC = mac("00:00:5e:00:53:0a")
		}, []Op{SetMAC{"br0", mac("00:00:5e:00:53:0a"), mac("42:00:5e:00:53:0a")}}},
		{"the bridge was made while the LAN port was missing", func(_ *Spec, st *Status) {
			st.Bridge.MAC = mac("42:00:5e:00:53:0b")
		}, nil},
		{"the port's address was changed, the burnt-in one counts", func(_ *Spec, st *Status) {
			st.LAN.PermanentMAC, st.LAN.MAC = st.LAN.MAC, mac("02:00:00:00:00:99")
		}, nil},
		{"the bridge's MTU is set by hand", func(_ *Spec, st *Status) { st.Bridge.MTU = 9000 },
			[]Op{SetMTU{"br0", 9000, 1500}}},
		{"ports differ in MTU", func(_ *Spec, st *Status) { st.WAN.MTU, st.Bridge.MTU = 1400, 1500 },
			[]Op{SetMTU{"br0", 1500, 1400}}},
		{"link-local and advertised addresses, but no chosen one", func(_ *Spec, st *Status) {
			st.LAN.Addresses = []Address{
				{Prefix: addr("fe80::1/64")}, {addr("2001:db8::1/64"), protoRouterAdvert},
				{Prefix: addr("192.0.2.1/24")}, {Prefix: addr("2001:db8::2/64")},
			}
		}, []Op{DeleteAddress{"lan0", addr("fe80::1/64")}, DeleteAddress{"lan0", addr("2001:db8::1/64")}}},
		{"a VLAN is wanted", func(spec *Spec, st *Status) {
			spec.VLANs = []uint16{7}
			st.VLANs = []Link{vlan7(st)}
			st.VLANs[0].Up, st.VLANs[0].MTU = false, 1400
		}, []Op{SetMTU{"br0.7", 1400, 1500}, SetUp{"br0.7"}}},
		{"a VLAN is no longer wanted", func(_ *Spec, st *Status) { st.VLANs = []Link{vlan7(st)} },
			[]Op{DeleteLink{"br0.7"}}},
		{"a VLAN that is not wanted but used", func(_ *Spec, st *Status) {
			st.VLANs = []Link{vlan7(st)}
			st.VLANs[0].Addresses = []Address{{Prefix: addr("192.0.2.1/24")}}
		}, nil},
		{"the VLAN device's name is taken", func(spec *Spec, st *Status) {
			spec.VLANs = []uint16{7}
			st.VLANs = []Link{vlan7(st)}
			st.VLANs[0].Kind, st.VLANs[0].Up = "dummy", false
		}, nil},
		{"the bridge's name is taken", func(_ *Spec, st *Status) {
			st.Bridge.Kind, st.Loopback = "dummy", false
		}, nil},
		{"before SetAddress an address of ours stays", func(_ *Spec, st *Status) {
			st.Bridge.Addresses = []Address{{addr("192.0.2.1/24"), protoLimpid}}
			st.Gateways = []netip.Addr{ip("192.0.2.254")}
		}, nil},
		{"another address is wanted", func(spec *Spec, st *Status) {
			spec.management = &management{addr("192.0.2.2/24"), ip("192.0.2.253")}
			st.Bridge.Addresses = []Address{{addr("192.0.2.1/24"), protoLimpid}, {Prefix: addr("198.51.100.1/24")}}
			st.Gateways = []netip.Addr{ip("192.0.2.254")}
		}, []Op{
			DeleteAddress{"br0", addr("192.0.2.1/24")}, AddAddress{"br0", addr("192.0.2.2/24")},
			DeleteGateway{"br0", ip("192.0.2.254")}, AddGateway{"br0", ip("192.0.2.253")},
		}},
		{"no address is wanted", func(spec *Spec, st *Status) {
			spec.management = &management{}
			st.Bridge.Addresses = []Address{{addr("192.0.2.1/24"), protoLimpid}}
		}, []Op{DeleteAddress{"br0", addr("192.0.2.1/24")}}},
		{"the address moves to a VLAN", func(spec *Spec, st *Status) {
			spec.ManagementVLAN = 7
			spec.management = &management{Address: addr("192.0.2.1/24")}
			st.VLANs = []Link{vlan7(st)}
			st.Bridge.Addresses = []Address{{addr("192.0.2.1/24"), protoLimpid}}
		}, []Op{DeleteAddress{"br0", addr("192.0.2.1/24")}, AddAddress{"br0.7", addr("192.0.2.1/24")}}},
		{"a link-local management address is not taken for the kernel's", func(spec *Spec, st *Status) {
			spec.management = &management{Address: addr("fe80::1/64")}
			st.Bridge.Addresses = []Address{{addr("fe80::1/64"), protoLimpid}}
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec, st := testSpec, settled()
			tt.spoil(&spec, &st)
			got := Plan(spec, st)
			if d := cmp.Diff(tt.want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
				cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
				t.Errorf("plan (-want +got):\n%s", d)
			}
		})
	}
}

// TestPlanBuildsInOrder holds the order in which a bridge comes to be: silent before
// up, up before a port joins, a port silent before it is up.
func TestPlanBuildsInOrder(t *testing.T) {
	st := settled()
	st.Bridge = Link{Name: "br0"}
	for _, l := range []*Link{&st.LAN, &st.WAN} {
		l.Master, l.Settings, l.Up = "", nil, false
		st.Sysctls["net/ipv6/conf/"+l.Name+"/addr_gen_mode"] = "0"
	}
	maps.DeleteFunc(st.Sysctls, func(key, _ string) bool { return strings.Contains(key, "/br0/") })
	spec := testSpec
	spec.VLANs = []uint16{7}
	spec.management = &management{netip.MustParsePrefix("192.0.2.1/24"), netip.MustParseAddr("192.0.2.254")}

	got := describe(Plan(spec, st))
	want := []string{
		"create bridge br0 with 42:00:5e:00:53:0a",
		"mark br0 as made by limpid",
		"set sysctl net/ipv6/conf/br0/addr_gen_mode to 1",
		"set sysctl net/ipv6/conf/br0/disable_ipv6 to 0",
		"set br0 up",
		"set sysctl net/ipv6/conf/lan0/addr_gen_mode from 0 to 1",
		"enslave lan0 to br0",
		"set group_fwd_mask of port lan0 from 0x0 to 0xfffd",
		"set lan0 up",
		"set sysctl net/ipv6/conf/wan0/addr_gen_mode from 0 to 1",
		"enslave wan0 to br0",
		"set group_fwd_mask of port wan0 from 0x0 to 0xfffd",
		"set wan0 up",
		"add VLAN device br0.7 for VLAN 7 on br0",
		"set sysctl net/ipv6/conf/br0.7/addr_gen_mode to 1",
		"set br0.7 up",
		"add address 192.0.2.1/24 to br0",
		"add default route by 192.0.2.254 on br0",
	}
	at := -1
	for _, step := range want {
		next := slices.Index(got, step)
		if next < 0 {
			t.Fatalf("step %q is missing in\n%s", step, strings.Join(got, "\n"))
		}
		if next <= at {
			t.Errorf("step %q is out of order in\n%s", step, strings.Join(got, "\n"))
		}
		at = next
	}
}

func TestPlanWithoutAnyPortMakesNoBridge(t *testing.T) {
	st := settled()
	st.Bridge, st.LAN, st.WAN = Link{Name: "br0"}, Link{Name: "lan0"}, Link{Name: "wan0"}
	if got := Plan(testSpec, st); len(got) > 0 {
		t.Errorf("plan %q, want nothing", describe(got))
	}
	st.WAN = settled().WAN
	st.WAN.Master = ""
	if got := describe(Plan(testSpec, st)); !slices.Contains(got, "create bridge br0 with 42:00:5e:00:53:0b") {
		t.Errorf("plan %q, want a bridge with the WAN port's address", got)
	}
}

// TestPlanNeverInterrupts spoils everything at once on a bridge that forwards, and
// looks for steps that would stop frames.
func TestPlanNeverInterrupts(t *testing.T) {
	st := settled()
	for _, l := range []*Link{&st.Bridge, &st.LAN, &st.WAN} {
		for name := range l.Settings {
			if name != "state" {
				l.Settings[name] += 3
			}
		}
	}
	for key := range st.Sysctls {
		st.Sysctls[key] = "9"
	}
	st.Bridge.MAC, st.Bridge.MTU = mac("00:00:5e:00:53:77"), 1200
	st.Foreign = []string{"tap0"}
	ops := Plan(testSpec, st)
	if len(ops) < 60 {
		t.Errorf("plan has only %d steps: %q", len(ops), describe(ops))
	}
	for _, op := range ops {
		switch op.(type) {
		case DeleteLink, Release, Enslave, SetDown, CreateBridge:
			t.Errorf("plan would stop frames: %s", op)
		}
	}
}

func TestPlanDown(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*Status)
		want  []Op // but for sysctls
	}{
		{"a bridge with VLANs", func(st *Status) { st.VLANs = []Link{vlan7(st)} },
			[]Op{DeleteLink{"br0.7"}, Release{"lan0", "br0"}, Release{"wan0", "br0"}, DeleteLink{"br0"}}},
		{"no bridge", func(st *Status) {
			st.Bridge = Link{Name: "br0"}
			st.LAN.Master, st.WAN.Master = "", ""
		}, nil},
		{"a port of somebody else in it", func(st *Status) { st.Foreign = []string{"tap0"} },
			[]Op{Release{"lan0", "br0"}, Release{"wan0", "br0"}}},
		{"a port is in another bridge", func(st *Status) { st.WAN.Master = "br7" },
			[]Op{Release{"lan0", "br0"}, DeleteLink{"br0"}}},
		{"a port is missing, the other held down", func(st *Status) {
			st.WAN = Link{Name: "wan0"}
			st.LAN.Up = false
		}, []Op{Release{"lan0", "br0"}, SetUp{"lan0"}, DeleteLink{"br0"}}},
		{"the name is taken", func(st *Status) {
			st.Bridge.Kind = "bond" // which even has our ports
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st := settled()
			tt.spoil(&st)
			sysctls := make(map[string]int) // writes by interface
			var got []Op
			for _, op := range planDown(testSpec, st) {
				if w, ok := op.(WriteSysctl); ok {
					sysctls[strings.Split(w.Key, "/")[3]]++
					if w.To != "7" {
						t.Errorf("%s: want the default, 7", w)
					}
					continue
				}
				got = append(got, op)
			}
			if d := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("plan (-want +got):\n%s", d)
			}
			for _, l := range st.ports() {
				want := len(linkSysctls(l.Name)) - 1 // rp_filter is as the default, which we set too
				if !l.Present || l.Master == "br7" || st.Bridge.Kind == "bond" {
					want = 0
				}
				if sysctls[l.Name] != want {
					t.Errorf("%d sysctls of %s are put back, want %d", sysctls[l.Name], l.Name, want)
				}
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	broken := errors.New("set lo up: broken")
	for _, tt := range []struct {
		name    string
		spoil   func(*Status)
		failed  error
		want    string // empty: no error
		wrapped bool
	}{
		{"fine", func(*Status) {}, nil, "", false},
		{"failed, then overtaken", func(*Status) {}, broken, "", false},
		{"failed", func(st *Status) { st.Pending = []string{"set lo up"} }, broken, "set lo up: broken", true},
		{"undone", func(st *Status) { st.Pending = []string{"set lo up", "set br0 up"} }, nil,
			"keep br0 as it should be: something else undoes this: set lo up, set br0 up: find", false},
		{"in the way, and failed", func(st *Status) {
			st.Pending = []string{"set lo up"}
			st.LAN.Master = "br7"
		}, broken, "port lan0 is already in br7: take it out", true},
	} {
		st := settled()
		tt.spoil(&st)
		err := verdict(testSpec, st, tt.failed)
		if (err != nil) != (tt.want != "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) || errors.Is(err, broken) != tt.wrapped {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}
