package bridge

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func TestCheckNamesWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	l.port("taken")
	l.port("addressed")
	l.port("third")
	stacked := l.port("stacked")
	// Either will do: a kernel may have one only.
	upper := netlink.LinkAttrs{Name: "upper", ParentIndex: link(t, "stacked").Attrs().Index}
	if err := netlink.LinkAdd(&netlink.Macvlan{LinkAttrs: upper, Mode: netlink.MACVLAN_MODE_BRIDGE}); err != nil {
		must(t, netlink.LinkAdd(&netlink.Vlan{LinkAttrs: upper, VlanId: 7}))
	}
	stacked.do(func() { // its number is that of another interface elsewhere: no relation
		must(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "a"}, PeerName: "b"}))
	})
	plainBridge(t, "br7", "taken")
	plainBridge(t, "br8", "third")
	for _, a := range []string{"192.0.2.1/24", "fe80::1234/64", "2001:db8::1/64"} {
		addr, err := netlink.ParseAddr(a)
		must(t, err)
		must(t, netlink.AddrAdd(link(t, "addressed"), addr))
	}
	tun := netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: "tun0"}, Mode: netlink.TUNTAP_MODE_TUN, NonPersist: false}
	must(t, netlink.LinkAdd(&tun))

	for _, tt := range []struct {
		name string
		spec Spec
		want []string // one part of each finding
	}{
		{"fine", testSpec, nil},
		{"loopback", Spec{Name: "br0", LAN: "lo", WAN: "wan0"}, []string{"port lo is the loopback interface, no network card: name an"}},
		{"tunnel", Spec{Name: "br0", LAN: "lan0", WAN: "tun0"}, []string{"port tun0 carries no Ethernet frames (it is a tun): name an"}},
		{"bridge", Spec{Name: "br0", LAN: "lan0", WAN: "br7"}, []string{"port br7 is itself a bridge: name an"}},
		{"same", Spec{Name: "br0", LAN: "lan0", WAN: "lan0"}, []string{"port lan0 is named twice: [bridge] ports needs two"}},
		{"in another bridge", Spec{Name: "br0", LAN: "taken", WAN: "wan0"},
			[]string{"port taken is already in br7: take it out (ip link set taken nomaster)"}},
		{"name is taken", Spec{Name: "wan0", LAN: "lan0", WAN: "third"}, []string{
			"interface wan0 exists and is no bridge (it is a veth): choose another",
			"port third is already in br8: take it out"}},
		{"bridge of others", Spec{Name: "br8", LAN: "lan0", WAN: "wan0"},
			[]string{"bridge br8 already has the port third: choose another [bridge] name or take it out"}},
		{"addresses", Spec{Name: "br0", LAN: "addressed", WAN: "wan0"},
			[]string{"port addressed has the address 192.0.2.1/24 and 2001:db8::1/64, which dies in a bridge: move it to [management]"}},
		{"stacked devices", Spec{Name: "br0", LAN: "lan0", WAN: "stacked"},
			[]string{"port stacked carries upper, which takes frames off the wire: remove it (ip link del upper)"}},
		{"much at once", Spec{Name: "br0", LAN: "lo", WAN: "taken"}, []string{"port lo is", "port taken is"}},
		{"missing beside worse", Spec{Name: "br0", LAN: "nowhere", WAN: "taken"}, []string{"port taken is"}},
	} {
		before := l.status(tt.spec)
		err := Check(t.Context(), tt.spec)
		if after := l.status(tt.spec); !reflect.DeepEqual(before, after) {
			t.Errorf("%s: Check changed\n%+v to\n%+v", tt.name, before, after)
		}
		var found []error
		if all, ok := errors.AsType[problems](err); ok {
			found = all
		} else if err != nil {
			found = []error{err}
		}
		if len(found) != len(tt.want) {
			t.Errorf("%s: found %q, want %q", tt.name, found, tt.want)
			continue
		}
		for i, want := range tt.want {
			if msg := found[i].Error(); !strings.HasPrefix(msg, want) || strings.Contains(msg, "\n") {
				t.Errorf("%s: found %q, want %q at its head", tt.name, msg, want)
			}
		}
	}
}

func TestCheckTellsMissingPorts(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, want := range [][]string{{"lan0", "wan0"}, {"lan0"}, nil} {
		missing, ok := errors.AsType[*MissingPortError](Check(t.Context(), testSpec))
		if ok != (want != nil) || ok && !reflect.DeepEqual(missing.Ports, want) {
			t.Errorf("missing: %v, want %v", missing, want)
		}
		if ok && !strings.HasPrefix(missing.Error(), "port "+strings.Join(want, " and ")+" does not exist: plug it in") {
			t.Errorf("message: %v", missing)
		}
		switch len(want) {
		case 2:
			l.port("wan0")
		case 1:
			l.port("lan0")
		}
	}
}

func TestCheckPassesWhatAnEarlierRunLeft(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	l.ensure(newBridge(t, testSpec))
	// A DHCP client that knows nothing of bridges: useless now, but no reason to stop.
	addr, err := netlink.ParseAddr("192.0.2.1/24")
	must(t, err)
	must(t, netlink.AddrAdd(link(t, "lan0"), addr))
	if err := Check(t.Context(), testSpec); err != nil {
		t.Error(err)
	}
	if st := l.status(testSpec); len(st.Warnings) != 1 || !strings.Contains(st.Warnings[0], "port lan0 has the address 192.0.2.1/24") {
		t.Errorf("warnings %q", st.Warnings)
	}
}

// TestWithoutPrivilege drops CAP_NET_ADMIN for the test's thread, which ends with it.
func TestWithoutPrivilege(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	before := l.status(testSpec)
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var caps [2]unix.CapUserData
	must(t, unix.Capget(&header, &caps[0]))
	caps[0].Effective &^= 1 << unix.CAP_NET_ADMIN
	must(t, unix.Capset(&header, &caps[0]))

	err := Check(t.Context(), testSpec)
	if err == nil || !errors.Is(err, unix.EPERM) || !strings.HasPrefix(err.Error(), "build a bridge: CAP_NET_ADMIN is missing: run as root") {
		t.Errorf("Check: %v", err)
	}
	b := newBridge(t, testSpec)
	_, err = b.Ensure(t.Context())
	if !errors.Is(err, unix.EPERM) || strings.Contains(err.Error(), "\n") {
		t.Errorf("Ensure: %v", err)
	}
	after := l.status(testSpec)
	// procfs lets root write sysctls all the same; the interfaces must be as they were.
	for _, pair := range [][2]Link{{before.Bridge, after.Bridge}, {before.LAN, after.LAN}, {before.WAN, after.WAN}} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%+v became %+v", pair[0], pair[1])
		}
	}
}

func TestWirelessIsToldBySysfs(t *testing.T) {
	root := t.TempDir()
	l := Link{Name: "wlan0", MAC: mac("00:00:5e:00:53:0c"), Present: true, Ethernet: true}
	for _, tt := range []struct {
		name, address string
		phy           bool
		want          bool
	}{
		{"no such directory", "", false, false},
		{"wired", "00:00:5e:00:53:0c\n", false, false},
		{"wireless", "00:00:5e:00:53:0c\n", true, true},
		{"a namesake in another namespace", "00:00:5e:00:53:0d\n", true, false},
	} {
		dir := filepath.Join(root, l.Name)
		must(t, os.RemoveAll(dir))
		if tt.address != "" {
			must(t, os.Mkdir(dir, 0o755))
			must(t, os.WriteFile(filepath.Join(dir, "address"), []byte(tt.address), 0o644))
		}
		if tt.phy {
			must(t, os.Mkdir(filepath.Join(dir, "phy80211"), 0o755))
		}
		if got := wireless(root, l); got != tt.want {
			t.Errorf("%s: wireless is %v", tt.name, got)
		}
	}
	l.Wireless = true
	if err := l.portConflict("br0"); err == nil || !strings.HasPrefix(err.Error(), "port wlan0 is wireless, which cannot be bridged: name") {
		t.Errorf("error is %v", err)
	}
}
