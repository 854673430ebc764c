package config

import (
	"net/netip"
	"slices"
)

// checkAcross makes the checks that need more than one section. Each waits until its keys are sound by themselves, and
// is reported at the key that the file most likely means to change.
func checkAcross(d *document, c *Config) {
	if d.sound("bridge.name", "bridge.ports") && slices.Contains(c.Bridge.Ports, c.Bridge.Name) {
		if d.has("bridge.name") {
			d.report("bridge.name", "%q is one of bridge.ports too; choose another name", c.Bridge.Name)
		} else {
			d.report("bridge.ports", "%q is the bridge's own name; set bridge.name to another", c.Bridge.Name)
		}
	}
	if d.sound("management.interface", "bridge.name", "bridge.ports") {
		switch name := c.Management.Interface; {
		case slices.Contains(c.Bridge.Ports, name):
			d.report("management.interface", `%q is one of bridge.ports; name a third interface, or "" for the bridge`, name)
		case name == c.Bridge.Name:
			d.report("management.interface", `%q is the bridge; write "" for it`, name)
		}
	}
	if d.sound("intercept.mode", "management.address") && c.Intercept.Mode == ModeInbound && c.Management.None() {
		d.report("intercept.mode", `"inbound" connects from the box's own address and management.address is "none"; give it one or use "full"`)
	}
	if d.sound("web.listen", "proxy.port") {
		checkListen(d, c)
	}
}

// checkListen keeps the web page off the proxy's listeners, which are on 127.0.0.1 and ::1: a listener there or on all
// addresses could not share their port.
func checkListen(d *document, c *Config) {
	for i, s := range c.Web.Listen {
		at, err := parseListen(s)
		a := at.Addr()
		every := !a.IsValid() || a.IsUnspecified()
		shared := every || a == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || a == netip.IPv6Loopback()
		if err != nil || at.Port() != c.Proxy.Port || !shared {
			continue
		}
		path := element("web.listen", i)
		if !d.has(path) { // the defaults: proxy.port was moved onto them
			path = "proxy.port"
		}
		d.report(path, "web.listen %q and proxy.port %d collide; choose another port for one", s, c.Proxy.Port)
	}
}
