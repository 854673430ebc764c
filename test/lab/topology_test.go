package lab

import (
	"net/netip"
	"testing"
)

// The plan of the lab is data: what must hold for it is checked without a kernel.

func TestEveryWireEndsInANode(t *testing.T) {
	known := map[string]bool{}
	bridges := map[string]bool{}
	for _, n := range nodes() {
		if known[n.name] {
			t.Errorf("node %s is listed twice", n.name)
		}
		known[n.name] = true
		for _, b := range n.bridges {
			bridges[n.name+"/"+b.name] = true
		}
	}
	for _, w := range wires() {
		for _, e := range []wireEnd{w.a, w.b} {
			if !known[e.node] {
				t.Errorf("wire to unknown node %s", e.node)
			}
			if e.master != "" && !bridges[e.node+"/"+e.master] {
				t.Errorf("%s/%s is a port of unknown bridge %s", e.node, e.iface, e.master)
			}
		}
		if w.a.side == w.b.side {
			t.Errorf("wire %s-%s: both ends send towards the same side", w.a.node, w.b.node)
		}
	}
}

func TestAddressesDiffer(t *testing.T) {
	macs := map[MAC]string{}
	ips := map[netip.Prefix]string{}
	ends := []wireEnd{}
	for _, w := range wires() {
		ends = append(ends, w.a, w.b)
	}
	for _, n := range nodes() {
		for _, b := range n.bridges {
			ends = append(ends, wireEnd{node: n.name, iface: b.name, net: b.net, n: b.n})
		}
	}
	for _, e := range ends {
		where := e.node + "/" + e.iface
		if other, taken := macs[e.mac()]; taken {
			t.Errorf("%s and %s have MAC %s", where, other, e.mac())
		}
		macs[e.mac()] = where
		if e.mac()[0]&3 != 2 {
			t.Errorf("%s: MAC %s is not a locally administered unicast address", where, e.mac())
		}
		if e.net == 0 {
			continue
		}
		for _, p := range []netip.Prefix{addr4(e.net, e.n), addr6(e.net, e.n)} {
			if other, taken := ips[p]; taken {
				t.Errorf("%s and %s have address %s", where, other, p)
			}
			ips[p] = where
		}
	}
}

func TestMACReadsLikeTheAddress(t *testing.T) {
	for _, c := range []struct {
		net, n int
		want   string
	}{
		{77, 1, "02:77:00:00:00:01"},
		{77, 11, "02:77:00:00:00:11"},
		{77, 101, "02:77:00:00:01:01"},
		{81, 2, "02:81:00:00:00:02"},
	} {
		if got := macOf(c.net, c.n).String(); got != c.want {
			t.Errorf("MAC of 10.%d.0.%d is %s, want %s", c.net, c.n, got, c.want)
		}
	}
}
