package bridge

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
)

// called is testSpec with another name.
func called(name string) Spec {
	spec := testSpec
	spec.Name = name
	return spec
}

// TestBridgeIsRenamed gives a bridge other names while frames cross: it stays the same
// one, with what it has, and not one of them is lost.
func TestBridgeIsRenamed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client, server := l.port("lan0"), l.port("wan0")
	first := newBridge(t, testSpec)
	l.ensure(first)
	must(t, first.SetAddress(t.Context(), netip.MustParsePrefix("192.0.2.10/24"), netip.MustParseAddr("192.0.2.1")))
	before := l.forwarding(testSpec)
	if before.Bridge.Alias != mark {
		t.Errorf("the bridge is marked %q", before.Bridge.Alias)
	}
	from, to := client.tap(), server.tap()

	sending, stop := context.WithCancel(t.Context())
	sent := 0
	var sender sync.WaitGroup
	sender.Go(func() {
		for ; sending.Err() == nil; time.Sleep(time.Millisecond) {
			from.send(marker(sent))
			sent++
		}
	})
	for _, name := range []string{"wire", "br9", "br0", "abcdefghijklmno"} {
		spec := called(name)
		must(t, Check(t.Context(), spec))
		b := newBridge(t, spec)
		st := l.ensure(b)
		if st.Bridge.Index != before.Bridge.Index || !bytes.Equal(st.Bridge.MAC, before.Bridge.MAC) || !st.Forwarding() || st.Former.Present {
			t.Errorf("%s: %+v, before %+v", name, st.Bridge, before.Bridge)
		}
		if !slices.Equal(st.Bridge.Addresses, before.Bridge.Addresses) || !slices.Equal(st.Gateways, before.Gateways) || len(st.Gateways) != 1 {
			t.Errorf("%s has %v by %v, before %v by %v", name, st.Bridge.Addresses, st.Gateways, before.Bridge.Addresses, before.Gateways)
		}
		if again := l.ensure(newBridge(t, spec)); len(again.Drift) != 0 {
			t.Errorf("%s: drift %q", name, again.Drift)
		}
	}
	stop()
	sender.Wait()
	from.send(marker(sent))
	for n := range sent + 1 {
		if got := to.receive(patience); !bytes.Equal(got, marker(n)) {
			t.Fatalf("frame %d of %d: %x", n, sent, got)
		}
	}
	// The name of the file is a new one again, and the bridge still has an old one.
	must(t, newBridge(t, called("another")).Down(t.Context()))
	if st := l.status(called("abcdefghijklmno")); st.Bridge.Present || st.LAN.Master != "" {
		t.Errorf("after the end: %+v", st)
	}
}

// TestBridgesOfOthersKeepTheirNames: only a bridge that limpid has made, and has for
// itself, is renamed; all others are refused as before.
func TestBridgesOfOthersKeepTheirNames(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*testing.T, *lab){
		"made by somebody else": func(t *testing.T, _ *lab) { plainBridge(t, "br7", "lan0", "wan0") },
		"noted on by somebody": func(t *testing.T, _ *lab) {
			plainBridge(t, "br7", "lan0", "wan0")
			must(t, netlink.LinkSetAlias(link(t, "br7"), "the lab's"))
		},
		"with a port of somebody else": func(t *testing.T, l *lab) {
			l.port("third")
			l.ensure(newBridge(t, called("br7")))
			must(t, netlink.LinkSetMaster(link(t, "third"), link(t, "br7")))
		},
		"while the name is another bridge's": func(t *testing.T, l *lab) {
			l.ensure(newBridge(t, called("br7")))
			plainBridge(t, "br0")
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.port("lan0")
			l.port("wan0")
			spoil(t, l)
			index := link(t, "br7").Attrs().Index
			const refusal = "port lan0 is already in br7: take it out"
			if err := Check(t.Context(), testSpec); err == nil || !strings.Contains(err.Error(), refusal) {
				t.Errorf("Check: %v", err)
			}
			if _, err := newBridge(t, testSpec).Ensure(t.Context()); err == nil || !strings.Contains(err.Error(), refusal) {
				t.Errorf("Ensure: %v", err)
			}
			if got := link(t, "br7"); got.Attrs().Index != index || link(t, "lan0").Attrs().MasterIndex != index || link(t, "wan0").Attrs().MasterIndex != index {
				t.Errorf("it is %+v", got)
			}
		})
	}
}

// What is on the bridge is renamed with it, as far as the new names allow.
func TestPlanRenames(t *testing.T) {
	former := func(vlans ...Link) Status {
		st := settled()
		st.Former, st.FormerVLANs = st.Bridge, vlans
		st.Bridge = Link{Name: "wire"}
		return st
	}
	device := func(name string, id uint16) Link { return Link{Name: name, Present: true, Kind: "vlan", VLAN: id} }
	for _, tt := range []struct {
		name string
		to   string
		st   Status
		want []Op
	}{
		{"alone", "wire", former(), []Op{RenameLink{"br0", "wire"}}},
		{"with VLANs", "wire", former(device("br0.7", 7), device("br0.4094", 4094)),
			[]Op{RenameLink{"br0", "wire"}, RenameLink{"br0.7", "wire.7"}, RenameLink{"br0.4094", "wire.4094"}}},
		{"one too long", "twelve-bytes", former(device("br0.7", 7), device("br0.4094", 4094)),
			[]Op{RenameLink{"br0", "twelve-bytes"}, RenameLink{"br0.7", "twelve-bytes.7"}}},
	} {
		if d := cmp.Diff(tt.want, Plan(called(tt.to), tt.st)); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
	taken := former(device("br0.7", 7))
	taken.VLANs = []Link{device("wire.7", 7)}
	if d := cmp.Diff([]Op{RenameLink{"br0", "wire"}}, Plan(called("wire"), taken)); d != "" {
		t.Errorf("taken (-want +got):\n%s", d)
	}
}
