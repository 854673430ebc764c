package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// parsePrefix reads a prefix with any host bits, or a bare address as a prefix of one address.
func parsePrefix(s string) (netip.Prefix, error) {
	// Zones are refused by ParsePrefix but not by ParseAddr; an nft set has no place for one.
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, addrErr := netip.ParseAddr(s)
		if addrErr != nil || a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf(`%s is not an address or prefix; write it like "192.0.2.1" or "192.0.2.0/24"`, quote(s))
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%s is IPv4 in IPv6 clothes; write the IPv4 form", quote(s))
	}
	return p, nil
}

// parseAddr reads one address that a host can have. Zones and IPv4-mapped IPv6 are refused.
func parseAddr(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil || a.Zone() != "":
		return netip.Addr{}, fmt.Errorf(`%s is not an IP address; write it like "192.0.2.1" or "2001:db8::1"`, quote(s))
	case a.Is4In6():
		return netip.Addr{}, fmt.Errorf("%s is IPv4 in IPv6 clothes; write %q", quote(s), a.Unmap())
	case a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return netip.Addr{}, fmt.Errorf("%s is not the address of one host; write that of one host", quote(s))
	}
	return a, nil
}

// edge says which address of its prefix a host cannot have: "" when it may have it. IPv4 prefixes shorter than /31
// give away the first and the last address (RFC 3021), IPv6 the first, the subnet-router anycast (RFC 4291, 2.6.1).
func edge(a netip.Addr, in netip.Prefix) string {
	if in.Bits() >= a.BitLen()-1 {
		return ""
	}
	if a == in.Masked().Addr() {
		return "network"
	}
	if a.Is4() && !in.Contains(a.Next()) {
		return "broadcast"
	}
	return ""
}

// parsePort reads a port number from 1 to 65535, without sign or leading zeros.
func parsePort(s string) (uint16, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil && n > 0 && s == strconv.FormatUint(n, 10)
}

// splitHostPort takes HOST:PORT apart. The host may be empty.
func splitHostPort(s string) (host string, port uint16, ok bool) {
	host, number, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, false
	}
	port, ok = parsePort(number)
	return host, port, ok
}

// isHostName reports whether s is a host name as it stands in a URL: labels of letters, digits, "-" and "_", at most
// 63 bytes each and 253 in all (RFC 1035, 2.3.4), no dot at the end. An IPv4 address is one by its look.
func isHostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if len(label) > 63 || !isBare(label) || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}
