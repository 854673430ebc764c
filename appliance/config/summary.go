package config

import (
	"fmt"
	"strings"
)

// Summary is the effective choices that matter most, on one line.
func (c *Config) Summary() string {
	return strings.Join([]string{
		fmt.Sprintf("%s = %s (servers)", c.Bridge.Name, strings.Join(c.Bridge.Ports, " (clients) + ")),
		"management " + c.Management.summary(),
		c.Intercept.summary(),
		"non-HTTP " + string(c.Proxy.NonHTTP),
	}, "; ")
}

// summary is the address and what differs from the usual: who routes for it, where it sits.
func (m Management) summary() string {
	s := addressText(m)
	if m.Gateway.IsValid() {
		s += " via " + m.Gateway.String()
	}
	if m.Interface != "" {
		s += " on " + m.Interface
	}
	if m.VLAN != 0 {
		s += fmt.Sprintf(" in VLAN %d", m.VLAN)
	}
	return s
}

// summary is what is captured and by which means; "auto" stands as it is, since the kernel decides it at start.
func (i Intercept) summary() string {
	families := "IPv4"
	if i.IPv6 {
		families = "IPv4 and IPv6"
	}
	ports := strings.Trim(strings.ReplaceAll(fmt.Sprint(i.Ports), " ", ","), "[]")
	s := fmt.Sprintf("TCP %s over %s, mode %s, capture %s, handshake %s, at most %s",
		ports, families, i.Mode, i.Capture, i.Handshake, count(i.MaxConnections, "connection"))
	if n := len(i.Bypass); n > 0 {
		s += ", " + count(n, "bypass pair")
	}
	return s
}

// count puts a number before its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
