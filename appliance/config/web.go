package config

import (
	"fmt"
	"net/netip"
)

// readWeb reads where the web page listens. An empty list is meant: a box without a page. Addresses are compared after
// parsing, so that two spellings of one are found.
func readWeb(t *table, to *Web) {
	listen := []string{}
	taken := map[netip.AddrPort]bool{}
	there := t.texts("listen", func(s string) error {
		at, err := parseListen(s)
		if err != nil {
			return err
		}
		if taken[at] {
			return fmt.Errorf("%s is named twice; keep one", quote(s))
		}
		taken[at] = true
		listen = append(listen, s)
		return nil
	})
	if there {
		to.Listen = listen
	}
}

// parseListen reads ADDRESS:PORT. The address is invalid when it is left out. Names are refused: to look one up needs
// the network, which may not be there yet when the page starts.
func parseListen(s string) (netip.AddrPort, error) {
	host, port, ok := splitHostPort(s)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf(`%s is not an address and port; write it like ":443", "192.0.2.10:443" or "[2001:db8::1]:443"`, quote(s))
	}
	if host == "" {
		return netip.AddrPortFrom(netip.Addr{}, port), nil
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%s has a name for a host; write an IP address, or nothing before the colon for all", quote(s))
	}
	return netip.AddrPortFrom(a, port), nil
}
