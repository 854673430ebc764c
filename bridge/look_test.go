package bridge

import (
	"net/netip"
	"os"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A look names what is wrong, and leaves it so.
func TestLookChangesNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	b := newBridge(t, testSpec)
	before, err := b.Look(t.Context())
	if err != nil || before.Status.Bridge.Present || len(before.Steps) == 0 {
		t.Fatalf("before the bridge is built: %+v, %v", before, err)
	}
	if after, err := b.Look(t.Context()); err != nil || after.Status.Bridge.Present {
		t.Fatalf("looking has built a bridge: %+v, %v", after, err)
	}
	l.ensure(b)
	if look, err := b.Look(t.Context()); err != nil || len(look.Steps) != 0 || !look.Status.Bridge.Up {
		t.Fatalf("built: %+v, %v", look, err)
	}
	const key = "net/ipv4/conf/all/rp_filter"
	must(t, os.WriteFile(procSys+"/"+key, []byte("1"), 0o644))
	must(t, netlink.LinkSetNoMaster(link(t, "wan0")))
	for range 2 {
		look, err := b.Look(t.Context())
		must(t, err)
		want := map[string]bool{WriteSysctl{key, "1", "0"}.String(): true, Enslave{"wan0", testSpec.Name}.String(): true}
		for _, step := range look.Steps {
			delete(want, step.String())
		}
		if len(want) != 0 || look.Status.Sysctls[key] != "1" {
			t.Errorf("%v is not in %v", want, look.Steps)
		}
	}
}

func TestLearnedCountsHosts(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client, server := l.port("lan0"), l.port("wan0")
	b := newBridge(t, testSpec)
	l.ensure(b)
	l.forwarding(testSpec)
	want := func(when string, lan, wan int) {
		t.Helper()
		if got, err := b.Learned(); err != nil || got != (Learned{lan, wan}) {
			t.Errorf("%s: %+v, %v, want %d and %d", when, got, err, lan, wan)
		}
	}
	want("nobody has spoken", 0, 0)
	atClient, atServer := client.tap(), server.tap()
	const clients = MostLearned + 5
	for n := range clients {
		from := [6]byte{2, 0, 0, 9, byte(n >> 8), byte(n)}
		atClient.send(pad(frame(serverMAC, from[:], 0x88, 0xb5, byte(n)), 60))
		atServer.receive(patience)
		if n == 2 {
			want("three clients", 3, 0)
		}
	}
	atServer.send(pad(frame(clientMAC, serverMAC, 0x88, 0xb5, 1), 60))
	atClient.receive(patience)
	// A static entry is no host that was heard.
	must(t, netlink.NeighSet(&netlink.Neigh{Family: unix.AF_BRIDGE, LinkIndex: link(t, "wan0").Attrs().Index,
		HardwareAddr: []byte{2, 0, 0, 8, 8, 8}, State: netlink.NUD_NOARP, Flags: netlink.NTF_MASTER}))
	want("more than are counted", MostLearned, 1)
	must(t, netlink.LinkDel(link(t, "wan0")))
	want("without a port", MostLearned, 0)
}

func TestGatewaysAreKnownByState(t *testing.T) {
	t.Parallel()
	_, b := standing(t)
	gateway := netip.MustParseAddr("192.0.2.1")
	must(t, b.SetAddress(t.Context(), netip.MustParsePrefix("192.0.2.10/24"), gateway))
	state := func() Neighbour {
		t.Helper()
		look, err := b.Look(t.Context())
		must(t, err)
		list, err := b.Gateways(look.Status)
		if err != nil || len(list) != 1 || list[0].IP != gateway {
			t.Fatalf("%+v, %v", list, err)
		}
		return list[0]
	}
	if got := state(); got.State != "none" || got.MAC != nil {
		t.Errorf("never asked: %+v", got)
	}
	mac := []byte{2, 0, 0, 7, 7, 7}
	must(t, netlink.NeighSet(&netlink.Neigh{Family: unix.AF_INET, LinkIndex: link(t, testSpec.Name).Attrs().Index,
		IP: gateway.AsSlice(), HardwareAddr: mac, State: netlink.NUD_REACHABLE}))
	if got := state(); got.State != "reachable" || got.MAC.String() != "02:00:00:07:07:07" {
		t.Errorf("known: %+v", got)
	}
	must(t, b.SetAddress(t.Context(), netip.Prefix{}, netip.Addr{}))
	look, err := b.Look(t.Context())
	must(t, err)
	if list, err := b.Gateways(look.Status); err != nil || len(list) != 0 {
		t.Errorf("without an address: %+v, %v", list, err)
	}
}
