package lab

import (
	"fmt"
	"net/netip"
)

// Networks of the lab that are not a node's own subnet.
const (
	// All of these belong to c1 (see Lab.ClientAddrs).
	ManyClients4 = "10.79.0.0/16"
	ManyClients6 = "fd79::/64"
	// r1 answers at once with ICMP "host unreachable" (IPv6: "no route").
	Refused4 = "10.80.255.0/24"
	Refused6 = "fd80:ff::/64"
	// r1 drops without a word.
	Silent4 = "10.80.254.0/24"
	Silent6 = "fd80:fe::/64"
)

// nodeSpec is one namespace: what kind of host it is, and its routes.
type nodeSpec struct {
	name    string
	kind    kind
	routes  []routeSpec // applied in this order
	bridges []bridgeSpec
}

// kind is how a namespace behaves as an IP host.
type kind int

const (
	host   kind = iota
	router      // forwards
	wire        // a switch: no IP at all
	inline      // the box: left as the kernel makes it
)

// routeSpec is one route of a node, and with from set also the rule that
// makes only packets from that address use it.
type routeSpec struct {
	kind routeKind
	to   string // prefix
	via  string // gateway of a unicast route
	dev  string // only where the kernel cannot tell it
	from string // address
}

// routeKind is the kernel's type of route (RTN_* in rtnetlink.h).
type routeKind int

const (
	unicast     routeKind = iota
	local                 // every address in it is the node's own
	unreachable           // ICMP to the sender
	blackhole             // dropped
)

// bridgeSpec is a bridge inside a node; n is the last part of its address,
// 0 for a switch without one.
type bridgeSpec struct {
	name string
	net  int
	n    int
	side side
}

// side says what lies beyond an interface: a frame that leaves through it is
// on its way to the servers or to the clients. It gives captures a direction
// that means the same at both ends of the wire.
type side int

const (
	clients side = iota
	servers
)

// wireEnd is one end of a veth pair. With net set, the end has the addresses
// 10.net.0.n and fdnet::n; with master set it is a port of that bridge.
type wireEnd struct {
	node   string
	iface  string
	net, n int
	master string
	side   side
}

// wireSpec is a veth pair.
type wireSpec struct{ a, b wireEnd }

// nodes is the whole lab as data.
func nodes() []nodeSpec {
	client := []routeSpec{
		{to: "10.78.0.0/16", via: "10.77.0.9"}, {to: "fd78::/16", via: "fd77::9"},
		{to: "10.81.0.0/16", via: "10.77.0.2"}, {to: "fd81::/16", via: "fd77::2"},
		{to: "0.0.0.0/0", via: "10.77.0.1"}, {to: "::/0", via: "fd77::1"},
	}
	// What everybody else on the subnet must know to answer the clients.
	back := []routeSpec{
		{to: "10.78.0.0/16", via: "10.77.0.9"}, {to: "fd78::/16", via: "fd77::9"},
		{to: ManyClients4, via: "10.77.0.11"}, {to: ManyClients6, via: "fd77::11"},
	}
	by1 := []routeSpec{{to: "10.80.0.0/16", via: "10.77.0.1"}, {to: "fd80::/16", via: "fd77::1"}}
	by2 := []routeSpec{{to: "10.81.0.0/16", via: "10.77.0.2"}, {to: "fd81::/16", via: "fd77::2"}}
	return []nodeSpec{
		{name: "lansw", kind: wire, bridges: []bridgeSpec{{name: "sw0"}}},
		{name: "wansw", kind: wire, bridges: []bridgeSpec{{name: "sw0"}}},
		{name: "box", kind: inline},
		{name: "c1", routes: join(client, []routeSpec{
			{kind: local, to: ManyClients4, dev: "lo"}, {kind: local, to: ManyClients6, dev: "lo"},
		})},
		{name: "c2", routes: client},
		{name: "c3", routes: client},
		{name: "cr", kind: router, routes: client[2:]},
		{name: "c4", routes: []routeSpec{{to: "0.0.0.0/0", via: "10.78.0.1"}, {to: "::/0", via: "fd78::1"}}},
		{name: "s1", routes: join(back, by1, by2)},
		{name: "r1", kind: router, bridges: []bridgeSpec{{name: "net0", net: 80, n: 1, side: servers}}, routes: join(back, by2, []routeSpec{
			{kind: unreachable, to: Refused4}, {kind: unreachable, to: Refused6, dev: "lo"},
			{kind: blackhole, to: Silent4}, {kind: blackhole, to: Silent6, dev: "lo"},
		})},
		{name: "r2", kind: router, bridges: []bridgeSpec{{name: "net0", net: 81, n: 1, side: servers}}, routes: join(back, by1)},
		{name: "s2", routes: []routeSpec{
			{to: "0.0.0.0/0", via: "10.80.0.1"}, {to: "::/0", via: "fd80::1"},
			// The leg behind r2 answers through r2 (see Lab.SplitReturn).
			{to: "0.0.0.0/0", via: "10.81.0.1", from: "10.81.0.2"}, {to: "::/0", via: "fd81::1", from: "fd81::2"},
		}},
		{name: "s3", routes: []routeSpec{{to: "0.0.0.0/0", via: "10.80.0.1"}, {to: "::/0", via: "fd80::1"}}},
	}
}

// wires lists every veth pair of the lab.
func wires() []wireSpec {
	var list []wireSpec
	lan := func(name string, n int) {
		list = append(list, wireSpec{
			wireEnd{node: name, iface: "eth0", net: 77, n: n, side: servers},
			wireEnd{node: "lansw", iface: name, master: "sw0", side: clients},
		})
	}
	wan := func(name string, n int) {
		list = append(list, wireSpec{
			wireEnd{node: name, iface: "eth0", net: 77, n: n, side: clients},
			wireEnd{node: "wansw", iface: name, master: "sw0", side: servers},
		})
	}
	behind := func(router, server, iface string, net, n int) {
		list = append(list, wireSpec{
			wireEnd{node: server, iface: iface, net: net, n: n, side: clients},
			wireEnd{node: router, iface: server, master: "net0", side: servers},
		})
	}
	lan("c1", 11)
	lan("c2", 12)
	lan("c3", 13)
	lan("cr", 9)
	list = append(list,
		wireSpec{
			wireEnd{node: "cr", iface: "eth1", net: 78, n: 1, side: clients},
			wireEnd{node: "c4", iface: "eth0", net: 78, n: 2, side: servers},
		},
		wireSpec{
			wireEnd{node: "lansw", iface: "box", master: "sw0", side: servers},
			wireEnd{node: "box", iface: "eth0", side: clients},
		},
		wireSpec{
			wireEnd{node: "wansw", iface: "box", master: "sw0", side: clients},
			wireEnd{node: "box", iface: "eth1", side: servers},
		},
	)
	wan("s1", 101)
	wan("r1", 1)
	wan("r2", 2)
	behind("r1", "s2", "eth0", 80, 2)
	behind("r1", "s3", "eth0", 80, 3)
	behind("r2", "s2", "eth1", 81, 2)
	return list
}

// join makes one list; the shared parts are copied, not appended to.
func join(lists ...[]routeSpec) []routeSpec {
	var all []routeSpec
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// addr4 and addr6 give host n of lab network net: 10.net.0.n/24, fdnet::n/64
// with net and n written in decimal digits, so both read alike.
func addr4(net, n int) netip.Prefix {
	return netip.MustParsePrefix(fmt.Sprintf("10.%d.0.%d/24", net, n))
}

func addr6(net, n int) netip.Prefix {
	return netip.MustParsePrefix(fmt.Sprintf("fd%d::%d/64", net, n))
}

// mac gives an end its address: locally administered, its digits those of the
// IP address. Ends without one (switch ports, the box) are told apart by name.
func (e wireEnd) mac() MAC {
	if e.net != 0 {
		return macOf(e.net, e.n)
	}
	m := MAC{0x06, 0x77}
	if e.node == "box" {
		m[0] = 0x02
		m[4] = 0xb0
		m[5] = e.iface[len(e.iface)-1] - '0'
		return m
	}
	// Switch ports never speak; they only need to differ.
	copy(m[2:4], e.node)
	copy(m[4:6], e.iface)
	return m
}

// macOf is the MAC of host n of network net: 02:net:00:00:n/100:n%100, decimal.
func macOf(net, n int) MAC {
	return MAC{0x02, bcd(net), 0, 0, bcd(n / 100), bcd(n % 100)}
}

// bcd writes n (0..99) so that its hexadecimal digits are the decimal ones.
func bcd(n int) byte { return byte(n/10<<4 | n%10) }
