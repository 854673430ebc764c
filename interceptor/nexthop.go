package interceptor

import (
	"fmt"
	"net"
	"net/netip"
)

// nexthop is a neighbour that does not exist. Packets routed to it leave br0
// with its MAC, the static FDB entry sends them to the wanted port, and the
// emit chain then writes the MACs of the real ends.
type nexthop struct {
	port string
	mac  net.HardwareAddr
	ip   netip.Addr
}

// nexthops are one for each port and family. The MACs are locally
// administered; the IPv4 addresses link-local, in the part RFC 3927 section
// 2.1 reserves; none is ever seen on a wire.
func (s Spec) nexthops(f family) (client, server nexthop) {
	client = nexthop{port: s.LAN, mac: net.HardwareAddr{0x02, 0x4c, 0x50, 0, 0, 1}, ip: netip.MustParseAddr("169.254.255.1")}
	server = nexthop{port: s.WAN, mac: net.HardwareAddr{0x02, 0x4c, 0x50, 0, 0, 2}, ip: netip.MustParseAddr("169.254.255.2")}
	if f.suffix == "6" {
		client.ip, server.ip = netip.MustParseAddr("fe80::4c50:1"), netip.MustParseAddr("fe80::4c50:2")
	}
	return client, server
}

// device is the interface packets of a VLAN leave by.
func (s Spec) device(vlan uint16) string {
	if vlan == 0 {
		return s.Bridge
	}
	return fmt.Sprintf("%s.%d", s.Bridge, vlan)
}
