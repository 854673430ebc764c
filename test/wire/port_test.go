package wire

import (
	"net/netip"
	"slices"
	"testing"

	"limpid/test/lab"
)

// sources are the ends that frames towards servers came from.
func sources(frames []lab.Frame) []netip.AddrPort {
	var all []netip.AddrPort
	for _, f := range frames {
		if from := f.Tuple().Src; f.Toward == lab.ToServers && !slices.Contains(all, from) {
			all = append(all, from)
		}
	}
	return all
}

// withoutClientPort makes frames comparable whose client's port is not kept.
func withoutClientPort(frames []lab.Frame) lab.Set[lab.Tuple] {
	frames = slices.Clone(frames)
	for i := range frames {
		if frames[i].Toward == lab.ToServers {
			frames[i].SrcPort = 0
		} else {
			frames[i].DstPort = 0
		}
	}
	return lab.Tuples(frames)
}

// TestPrivilegedClientPort is the case of clients that begin below 1024, as
// some of NFS's and rsh's time do: only the gate may bind such a port.
func TestPrivilegedClientPort(t *testing.T) {
	l, p := inline(t, basic)
	origin(t, l.S1)
	for _, c := range []crossing{{"c1", "s1", "10.77.0.101:80"}, {"c1", "s1", "[fd77::101]:80"}} {
		before := status(t, p).Flows.Captured
		_, wan := exchange(t, l, c, "700")
		if after := status(t, p).Flows.Captured; after != before+1 {
			t.Errorf("%v: captured %d flows, want 1", c, after-before)
		}
		if got := sources(wan); len(got) != 1 || got[0].Port() != 700 {
			t.Errorf("%v: the server saw %v, want port 700", c, got)
		}
	}
}

// TestPortsOfTheBoxsChoice is client_port="any": the client's address, its MAC
// and a port of the box's choice.
func TestPortsOfTheBoxsChoice(t *testing.T) {
	l, p := inline(t, basic+"[proxy]\nclient_port = \"any\"\n")
	origin(t, l.S1)
	origin(t, l.S2)
	for _, c := range crossings() {
		before := status(t, p).Flows.Captured
		lan, wan := exchange(t, l, c, "40100")
		if after := status(t, p).Flows.Captured; after != before+1 {
			t.Errorf("%v: captured %d flows, want 1", c, after-before)
		}
		seen := sources(wan)
		if client := l.Node(c.client); len(seen) != 1 || (seen[0].Addr() != client.IP4() && seen[0].Addr() != client.IP6()) {
			t.Errorf("%v: the server saw %v, want the address of %s", c, seen, c.client)
			continue
		}
		// Ports aside, both sides of the box look alike.
		if diff := lab.Diff(withoutClientPort(lan), withoutClientPort(wan)); diff != "" {
			t.Errorf("%v: at client and server:\n%s", c, diff)
		}
	}
}
