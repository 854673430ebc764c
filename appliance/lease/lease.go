package lease

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Lease is what a server has granted.
type Lease struct {
	Address netip.Prefix
	Gateway netip.Addr // invalid when the server named none
	DNS     []netip.Addr
	NTP     []netip.Addr // RFC 2132 section 8.3
	Server  netip.Addr   // its identifier

	// Since the acknowledgement; Renew <= Rebind <= Time. Time 0 is for ever.
	Renew, Rebind, Time time.Duration
}

// forever is the lease time that never ends (RFC 2131 section 3.3).
const forever = time.Duration(0xffffffff) * time.Second

// leaseOf reads an acknowledgement.
func leaseOf(ack *dhcpv4.DHCPv4) (Lease, error) {
	address, ok := netip.AddrFromSlice(ack.YourIPAddr.To4())
	ones, bits := ack.SubnetMask().Size()
	if !ok || !address.IsGlobalUnicast() {
		return Lease{}, fmt.Errorf("read DHCP lease: address %v is none a host can have", ack.YourIPAddr)
	}
	if bits != 32 || ones == 0 {
		return Lease{}, fmt.Errorf("read DHCP lease of %v: subnet mask %v is none", address, ack.SubnetMask())
	}
	l := Lease{Address: netip.PrefixFrom(address, ones), DNS: addresses(ack.DNS()), NTP: addresses(ack.NTPServers()), Time: ack.IPAddressLeaseTime(0)}
	if routers := addresses(ack.Router()); len(routers) > 0 {
		l.Gateway = routers[0]
	}
	if server, ok := netip.AddrFromSlice(ack.ServerIdentifier().To4()); ok {
		l.Server = server
	}
	if l.Time == 0 {
		return Lease{}, fmt.Errorf("read DHCP lease of %v: the server names no lease time", address)
	}
	if l.Time == forever {
		l.Time = 0
		return l, nil
	}
	// Times a server leaves out, or orders wrongly, are those of RFC 2131 section 4.4.5.
	l.Renew, l.Rebind = ack.IPAddressRenewalTime(0), ack.IPAddressRebindingTime(0)
	if l.Rebind <= 0 || l.Rebind > l.Time {
		l.Rebind = l.Time * 7 / 8
	}
	if l.Renew <= 0 || l.Renew > l.Rebind {
		l.Renew = min(l.Time/2, l.Rebind)
	}
	return l, nil
}

func addresses(ips []net.IP) []netip.Addr {
	var all []netip.Addr
	for _, ip := range ips {
		if a, ok := netip.AddrFromSlice(ip.To4()); ok && a.IsGlobalUnicast() {
			all = append(all, a)
		}
	}
	return all
}
