package console

import (
	"net"
	"net/netip"
	"strings"

	"limpid/appliance/control"
)

// plainPort only redirects.
const plainPort = "80"

// page says where the web page is.
func page(p control.Page, addresses []string) string {
	switch {
	case len(p.Listen) == 0:
		return "none: web.listen is empty"
	case p.PID == 0:
		return strings.TrimSpace("does not run " + p.LastExit)
	}
	places := strings.Join(urls(p.Listen, addresses), ", ")
	if places == "" {
		places = "waiting for an address"
	}
	if !p.PasswordSet {
		places += " (no password yet: set one there)"
	}
	return places
}

// urls are the places where a listener and an address of the box meet.
func urls(listen, addresses []string) []string {
	var all []string
	for _, l := range listen {
		host, port, err := net.SplitHostPort(l)
		if err != nil || port == plainPort {
			continue
		}
		at, named := netip.ParseAddr(host)
		for _, a := range addresses {
			own, _, _ := strings.Cut(a, "/")
			if address, err := netip.ParseAddr(own); err != nil || named == nil && !at.IsUnspecified() && address != at {
				continue
			}
			if strings.Contains(own, ":") {
				own = "[" + own + "]"
			}
			if port != "443" {
				own += ":" + port
			}
			all = append(all, "https://"+own)
		}
	}
	return all
}

// fingerprint is the certificate's in two lines, to be held against what a browser shows.
func fingerprint(p control.Page) (first, second string) {
	const half = len("00:")*16 - 1 // of 32 pairs
	if len(p.Fingerprint) <= half {
		return p.Fingerprint, ""
	}
	return "SHA-256 " + p.Fingerprint[:half+1], "        " + p.Fingerprint[half+1:]
}
