package web

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"limpid/appliance/control"
)

// endpoint is where a browser finds the page: an address or name, and a port.
type endpoint struct {
	host string
	port int
}

// endpointOf is where somebody is who asked for host.
func endpointOf(host string) endpoint {
	at := endpoint{host: host, port: defaultSecurePort}
	if name, text, err := net.SplitHostPort(host); err == nil {
		at.host = name
		if port, err := strconv.Atoi(text); err == nil {
			at.port = port
		}
	}
	at.host = strings.Trim(at.host, "[]")
	return at
}

// address is what to write behind https://.
func (e endpoint) address() string {
	host := e.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if e.port != defaultSecurePort {
		host += ":" + strconv.Itoa(e.port)
	}
	return host
}

// thereAfter is the address of the page once changes are in effect, for somebody who asked for host; empty if it is the
// same, or not known before.
func thereAfter(changes []control.SettingsDiff, host string) string {
	here := endpointOf(host)
	there := here
	if address := addressIn(changes); address != "" {
		there.host = address
	}
	at := slices.IndexFunc(changes, func(c control.SettingsDiff) bool { return c.Key == "web.listen" })
	if at >= 0 {
		there = there.among(listensOf(changes[at].New))
	}
	if there == here {
		return ""
	}
	return there.address()
}

// among is e if somebody listens there, else the first place where somebody does.
func (e endpoint) among(listens []endpoint) endpoint {
	var all []endpoint
	for _, l := range listens {
		if l.port == plainPort {
			continue
		}
		if a, err := netip.ParseAddr(l.host); l.host == "" || err == nil && a.IsUnspecified() {
			l.host = e.host
		}
		all = append(all, l)
	}
	if len(all) == 0 || slices.Contains(all, e) {
		return e
	}
	return all[0]
}

// listensOf reads the value of web.listen as a change shows it: the settings are valid by then, and no address holds a
// comma.
func listensOf(value string) []endpoint {
	var all []endpoint
	for text := range strings.SplitSeq(strings.Trim(value, "[] "), ",") {
		if text = strings.Trim(text, ` "'`); text != "" {
			all = append(all, endpointOf(text))
		}
	}
	return all
}
