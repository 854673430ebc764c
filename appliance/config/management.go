package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// maxTimeServers bounds what the box asks of the network in one round.
const maxTimeServers = 8

// readManagement reads the box's own address. Values that have no effect with the address given (name and time servers
// with "none") are let through, so that the address can be switched off and on without editing the rest; a gateway is
// not, since it can only be judged by a fixed address.
func readManagement(t *table, to *Management) {
	t.text("address", func(s string) error { return takeAddress(s, to) })
	t.text("gateway", func(s string) (err error) {
		if s != "" {
			to.Gateway, err = parseAddr(s)
		}
		return err
	})
	t.texts("dns", func(s string) error {
		a, err := parseAddr(s)
		if err == nil && slices.Contains(to.DNS, a) {
			err = fmt.Errorf("%s is named twice; keep one", quote(s))
		}
		if err == nil {
			to.DNS = append(to.DNS, a)
		}
		return err
	})
	t.texts("ntp", func(s string) error { return takeTimeServer(s, to) })
	t.text("timezone", takeTimezone(&to.Timezone))
	t.text("interface", func(s string) error {
		if s == "" {
			return nil
		}
		return takeIfName(&to.Interface)(s)
	})
	number(t, "vlan", 0, 4094, &to.VLAN)
	if to.Gateway.IsValid() && t.doc.sound(t.key("address"), t.key("gateway")) {
		checkGateway(t, to)
	}
}

// takeAddress accepts "dhcp", "none", or a host address with its prefix length.
func takeAddress(s string, to *Management) error {
	if s == "dhcp" || s == "none" {
		to.DHCP = s == "dhcp"
		return nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		if a, err := parseAddr(s); err == nil {
			usual := 24
			if a.Is6() {
				usual = 64
			}
			return fmt.Errorf("%s has no prefix length; add it, like %q", quote(s), netip.PrefixFrom(a, usual))
		}
		return fmt.Errorf(`%s is neither an address with a prefix length nor a word known here; use "dhcp", "192.0.2.10/24" or "none"`, quote(s))
	}
	// ParsePrefix takes any address: the rules for one host are those of parseAddr.
	if _, err := parseAddr(p.Addr().String()); err != nil {
		return err
	}
	if p.Addr().IsLoopback() {
		return fmt.Errorf("%s is a loopback address; give the box one that others can reach", quote(s))
	}
	if what := edge(p.Addr(), p); what != "" {
		return fmt.Errorf("%s is the %s address of its subnet; give the box an address of its own", quote(s), what)
	}
	to.DHCP, to.Address = false, p
	return nil
}

// takeTimeServer accepts a name or an address. It has no port: time is asked of UDP port 123 (RFC 5905).
func takeTimeServer(s string, to *Management) error {
	server := strings.ToLower(s)
	_, noAddress := netip.ParseAddr(s)
	switch {
	case noAddress == nil:
		a, err := parseAddr(s)
		if err != nil {
			return err
		}
		server = a.String()
	case !isHostName(s) || endsInNumber(s): // an address with a mistake is no name (RFC 1123, 2.1)
		return fmt.Errorf(`%s is neither a name nor an address; write it like "time.example" or "192.0.2.123"`, quote(s))
	}
	if slices.Contains(to.NTP, server) {
		return fmt.Errorf("%s is named twice; keep one", quote(s))
	}
	if len(to.NTP) == maxTimeServers {
		return fmt.Errorf("%s is one too many; keep at most %d", quote(s), maxTimeServers)
	}
	to.NTP = append(to.NTP, server)
	return nil
}

func endsInNumber(name string) bool {
	return strings.Trim(name[strings.LastIndexByte(name, '.')+1:], "0123456789") == ""
}

// checkGateway holds the gateway against the address. An IPv6 gateway may be link-local, as routers announce
// themselves (RFC 4861, 4.2).
func checkGateway(t *table, to *Management) {
	gateway, path := to.Gateway, t.key("gateway")
	inside := to.Address.Contains(gateway) || gateway.Is6() && to.Address.Addr().Is6() && gateway.IsLinkLocalUnicast()
	switch {
	case !to.Address.IsValid():
		t.doc.report(path, `needs a fixed management.address; set one like "192.0.2.10/24" or take the gateway out`)
	case !inside:
		t.doc.report(path, "%s is outside %s; name a router inside it", gateway, to.Address.Masked())
	case gateway == to.Address.Addr():
		t.doc.report(path, "%s is the box's own address; name the router's", gateway)
	case edge(gateway, to.Address) == "broadcast":
		t.doc.report(path, "%s is the broadcast address of %s; name a router inside it", gateway, to.Address.Masked())
	case edge(gateway, to.Address) == "network" && gateway.Is4():
		t.doc.report(path, "%s is the network address of %s; name a router inside it", gateway, to.Address.Masked())
	}
}
