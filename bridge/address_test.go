package bridge

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// prefixes are the addresses of the bridge.
func prefixes(st Status) []string {
	var s []string
	for _, a := range st.Bridge.Addresses {
		s = append(s, a.Prefix.String())
	}
	slices.Sort(s)
	return s
}

// defaults lists the default routes of the namespace as text.
func defaults(t *testing.T, family int) []string {
	t.Helper()
	routes, err := netlink.RouteList(nil, family)
	must(t, err)
	var s []string
	for _, r := range routes {
		if ones, _ := r.Dst.Mask.Size(); ones == 0 {
			s = append(s, r.Gw.String())
		}
	}
	return s
}

func TestSetAddress(t *testing.T) {
	t.Parallel()
	l, b := standing(t)
	l.forwarding(testSpec)
	foreign, err := netlink.ParseAddr("203.0.113.5/24")
	must(t, err)
	must(t, netlink.AddrAdd(link(t, "br0"), foreign))

	for _, tt := range []struct {
		name            string
		prefix, gateway string
		addresses       []string
		defaults4       []string
		defaults6       []string
	}{
		{"first", "192.0.2.1/24", "192.0.2.254", []string{"192.0.2.1/24", "203.0.113.5/24"}, []string{"192.0.2.254"}, nil},
		{"again", "192.0.2.1/24", "192.0.2.254", []string{"192.0.2.1/24", "203.0.113.5/24"}, []string{"192.0.2.254"}, nil},
		{"same subnet", "192.0.2.2/24", "192.0.2.254", []string{"192.0.2.2/24", "203.0.113.5/24"}, []string{"192.0.2.254"}, nil},
		{"same address, other length", "192.0.2.2/25", "192.0.2.126", []string{"192.0.2.2/25", "203.0.113.5/24"}, []string{"192.0.2.126"}, nil},
		{"without gateway", "192.0.2.2/25", "", []string{"192.0.2.2/25", "203.0.113.5/24"}, nil, nil},
		{"point to point", "192.0.2.2/31", "192.0.2.3", []string{"192.0.2.2/31", "203.0.113.5/24"}, []string{"192.0.2.3"}, nil},
		{"IPv6", "2001:db8::2/64", "2001:db8::1", []string{"2001:db8::2/64", "203.0.113.5/24"}, nil, []string{"2001:db8::1"}},
		{"IPv6, gateway without address", "2001:db8::3/64", "fe80::1", []string{"2001:db8::3/64", "203.0.113.5/24"}, nil, []string{"fe80::1"}},
		{"none", "", "", []string{"203.0.113.5/24"}, nil, nil},
		{"none again", "", "", []string{"203.0.113.5/24"}, nil, nil},
	} {
		var prefix netip.Prefix
		var gateway netip.Addr
		if tt.prefix != "" {
			prefix = netip.MustParsePrefix(tt.prefix)
		}
		if tt.gateway != "" {
			gateway = netip.MustParseAddr(tt.gateway)
		}
		if err := b.SetAddress(t.Context(), prefix, gateway); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := prefixes(l.status(testSpec)); !slices.Equal(got, tt.addresses) {
			t.Errorf("%s: addresses %q, want %q", tt.name, got, tt.addresses)
		}
		if got := defaults(t, unix.AF_INET); !slices.Equal(got, tt.defaults4) {
			t.Errorf("%s: default routes %q, want %q", tt.name, got, tt.defaults4)
		}
		if got := defaults(t, unix.AF_INET6); !slices.Equal(got, tt.defaults6) {
			t.Errorf("%s: IPv6 default routes %q, want %q", tt.name, got, tt.defaults6)
		}
	}
}

func TestAddressOutlivesARestart(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	b := newBridge(t, testSpec)
	must(t, b.SetAddress(t.Context(), netip.MustParsePrefix("192.0.2.1/24"), netip.MustParseAddr("192.0.2.254")))

	// It is kept, even when somebody deletes the bridge under it.
	must(t, DeleteLink{"br0"}.apply(open(t)))
	l.ensure(b)
	want := []string{"192.0.2.1/24"}
	if got := prefixes(l.status(testSpec)); !slices.Equal(got, want) {
		t.Errorf("addresses %q, want %q", got, want)
	}

	next := newBridge(t, testSpec)
	l.ensure(next)
	if got := prefixes(l.status(testSpec)); !slices.Equal(got, want) {
		t.Errorf("after a restart: addresses %q, want %q", got, want)
	}
	must(t, next.SetAddress(t.Context(), netip.Prefix{}, netip.Addr{}))
	if got := prefixes(l.status(testSpec)); len(got) > 0 || len(defaults(t, unix.AF_INET)) > 0 {
		t.Errorf("after removal: addresses %q, routes %q", got, defaults(t, unix.AF_INET))
	}
}

// open is a kernel for the test's lifetime.
func open(t *testing.T) *kernel {
	t.Helper()
	k, err := openKernel()
	must(t, err)
	t.Cleanup(k.close)
	return k
}

func TestSetAddressSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	l.port("third")
	must(t, netlink.LinkSetUp(link(t, "third")))
	addr, err := netlink.ParseAddr("198.51.100.1/24")
	must(t, err)
	must(t, netlink.AddrAdd(link(t, "third"), addr))
	all, err := netlink.ParseIPNet("0.0.0.0/0")
	must(t, err)
	must(t, netlink.RouteAdd(&netlink.Route{Dst: all, Gw: []byte{198, 51, 100, 254}}))
	b := newBridge(t, testSpec)

	for _, tt := range []struct{ prefix, gateway, want string }{
		{"192.0.2.1/24", "2001:db8::1", "not of one IP version"},
		{"192.0.2.1/24", "203.0.113.1", "gateway is not in the subnet of [management] address"},
		{"192.0.2.1/24", "192.0.2.254", "another default route is there"},
	} {
		err := b.SetAddress(t.Context(), netip.MustParsePrefix(tt.prefix), netip.MustParseAddr(tt.gateway))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s by %s: error %v, want %q in it", tt.prefix, tt.gateway, err, tt.want)
		}
	}
	if got := defaults(t, unix.AF_INET); !slices.Equal(got, []string{"198.51.100.254"}) {
		t.Errorf("default routes are %q", got)
	}
}

// TestOnlyTheBridgesAddressIsAnswered asks by ARP from both sides.
func TestOnlyTheBridgesAddressIsAnswered(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client, server := l.port("lan0"), l.port("wan0")
	l.port("third")
	addr, err := netlink.ParseAddr("192.0.2.3/24")
	must(t, err)
	must(t, netlink.AddrAdd(link(t, "third"), addr))
	must(t, netlink.LinkSetUp(link(t, "third")))
	b := newBridge(t, testSpec)
	must(t, b.SetAddress(t.Context(), netip.MustParsePrefix("192.0.2.2/24"), netip.Addr{}))
	st := l.forwarding(testSpec)
	taps := []*tap{client.tap(), server.tap()}

	ask := func(last byte, sender []byte) []byte {
		f := bytes.Clone(wireFrames()["ARP request"])
		copy(f[6:12], sender)
		copy(f[22:28], sender)
		f[41] = last
		return f
	}
	for i, from := range taps {
		sender := [][]byte{clientMAC, serverMAC}[i]
		from.send(ask(2, sender))
		got := from.receive(patience)
		if len(got) < 42 || !bytes.Equal(got[6:12], st.Bridge.MAC) || !bytes.Equal(got[12:22], []byte{8, 6, 0, 1, 8, 0, 6, 4, 0, 2}) ||
			!bytes.Equal(got[22:32], append(bytes.Clone(st.Bridge.MAC), 192, 0, 2, 2)) {
			t.Errorf("answer is %x, want ARP from %s", got, st.Bridge.MAC)
		}
		from.send(ask(3, sender))
		if got := from.receive(300 * time.Millisecond); got != nil {
			t.Errorf("the address of another interface was answered: %x", got)
		}
		other := taps[1-i]
		for range 2 { // both questions crossed
			if got := other.receive(patience); got == nil || !bytes.Equal(got[6:12], sender) {
				t.Errorf("question did not cross: %x", got)
			}
		}
	}
}

func TestVLANDevices(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client, server := l.port("lan0"), l.port("wan0")
	spec := testSpec
	spec.VLANs = []uint16{7}
	lacking := open(t).vlansSupported()
	b := newBridge(t, spec)
	st, err := b.Ensure(t.Context())

	if lacking != nil {
		// Without 802.1Q the wire must be built all the same, and the reason be told.
		for name, err := range map[string]error{"Ensure": err, "Check": Check(t.Context(), spec)} {
			unsupported, ok := errors.AsType[*UnsupportedError](err)
			if !ok || unsupported.Kconfig != "CONFIG_VLAN_8021Q" || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v, want an UnsupportedError", name, err)
			}
		}
		if len(st.Pending) == 0 || !strings.HasPrefix(st.Pending[0], "add VLAN device br0.7 for VLAN 7") {
			t.Errorf("pending: %q", st.Pending)
		}
		l.forwarding(spec)
		tagged := wireFrames()["802.1Q tag"]
		atServer := server.tap()
		client.tap().send(tagged)
		if got := atServer.receive(patience); !bytes.Equal(got, tagged) {
			t.Errorf("tagged frame crossed as %x", got)
		}
		if t.Failed() {
			return
		}
		t.Skipf("VLAN devices themselves: %v", lacking)
	}

	must(t, err)
	l.forwarding(spec)
	if st := l.status(spec); !st.vlan("br0.7").Up || len(Plan(spec, st)) > 0 {
		t.Errorf("VLAN devices: %+v", st.VLANs)
	}
	// The management address moves into the VLAN, then the VLAN goes.
	spec.VLANs, spec.ManagementVLAN = nil, 7
	b = newBridge(t, spec)
	must(t, b.SetAddress(t.Context(), netip.MustParsePrefix("192.0.2.2/24"), netip.MustParseAddr("192.0.2.254")))
	tagged := frame(mac("ff:ff:ff:ff:ff:ff"), clientMAC, append([]byte{0x81, 0, 0, 7}, wireFrames()["ARP request"][12:]...)...)
	atClient := client.tap()
	atClient.send(tagged)
	if got := atClient.receive(patience); len(got) < 46 || !bytes.Equal(got[12:16], []byte{0x81, 0, 0, 7}) || got[25] != 2 {
		t.Errorf("answer in the VLAN is %x", got)
	}
	b = newBridge(t, testSpec)
	must(t, b.SetAddress(t.Context(), netip.Prefix{}, netip.Addr{}))
	l.ensure(b)
	if st := l.status(testSpec); len(st.VLANs) > 0 {
		t.Errorf("VLAN devices are left: %+v", st.VLANs)
	}
}
