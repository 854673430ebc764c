package doctor

import (
	"fmt"
	"strings"

	"limpid/appliance/control"
	"limpid/bridge"
)

const (
	netlinkLinks = "netlink, links"
	notAWire     = "Frames do not cross from one port to the other."
)

// side is a port with the words for it.
type side struct {
	name string // of the interface
	word string
	link bridge.Link
}

func (f *Facts) sides() []side {
	b := f.Kernel.Bridge
	return []side{{b.LAN.Name, "clients' port " + b.LAN.Name, b.LAN}, {b.WAN.Name, "servers' port " + b.WAN.Name, b.WAN}}
}

func judgeBridge(f *Facts) answer {
	b, err := f.Kernel.Bridge, f.Kernel.BridgeErr
	if err != nil {
		return unreadable(err)
	}
	a := fine(fmt.Sprintf("Bridge %s is up with both ports in it, as the settings want it.", b.Bridge.Name))
	a.saw("bridge "+b.Bridge.Name, netlinkLinks, linkText(b.Bridge))
	for _, s := range f.sides() {
		a.saw(s.word, netlinkLinks, portText(s.link))
	}
	const start = "limpid supervise builds it: start it, or read in its log what stands in the way."
	if !b.Bridge.Present {
		a.found(control.HealthFail, fmt.Sprintf("There is no bridge %s.", b.Bridge.Name), notAWire, start)
		return a
	}
	if missing := b.Missing(); len(missing) > 0 {
		a.found(control.HealthFail, "Missing: port "+strings.Join(missing, " and port ")+".", notAWire,
			"Plug the card in, or correct bridge.ports.")
	}
	if steps := bridgeSteps(b.Steps); len(steps) > 0 {
		a.found(control.HealthFail, "The bridge is not as it should be; to do: "+list(steps)+".", "Frames may not cross, or not as on a wire.",
			f.byItself("does it within 5 s; if it is undone again, find the other program that changes interfaces, and stop it."))
	}
	if b.LAN.Running && b.WAN.Running && !b.Forwarding() {
		a.found(control.HealthFail, "Both cables are live, and the bridge does not forward.", notAWire, start)
	}
	for _, problem := range f.problems("bridge: ") {
		a.found(control.HealthFail, brief(problem)+".", "The bridge may not be as it should be.", "The text says what to do.")
	}
	if len(b.Warnings) > 0 {
		a.found(control.HealthWarn, list(b.Warnings)+".", "Some frames may be lost.", "The text says what to do.")
	}
	return a
}

// bridgeSteps are the texts of the steps that other checks do not speak of.
func bridgeSteps(steps []bridge.Op) []string {
	var texts []string
	for _, step := range steps {
		switch step.(type) {
		case bridge.WriteSysctl, bridge.AddAddress, bridge.DeleteAddress, bridge.AddGateway, bridge.DeleteGateway:
			continue
		}
		texts = append(texts, step.String())
	}
	return texts
}

func linkText(l bridge.Link) string {
	switch {
	case !l.Present:
		return "missing"
	case !l.Up:
		return "down"
	case !l.Carrier:
		return "up, no carrier"
	}
	return "up, carrier"
}

func portText(l bridge.Link) string {
	if !l.Present {
		return "missing"
	}
	in := "in no bridge"
	if l.Master != "" {
		in = "in " + l.Master
	}
	return linkText(l) + ", " + in
}

func judgeLinks(f *Facts) answer {
	if err := f.Kernel.BridgeErr; err != nil {
		return unreadable(err)
	}
	a := fine("Both cables have a link.")
	for _, s := range f.sides() {
		value := linkText(s.link)
		if s.link.SpeedMbps > 0 {
			value += fmt.Sprintf(", %d Mbit/s, full duplex: %s", s.link.SpeedMbps, yes(s.link.FullDuplex))
		}
		a.saw(s.word, netlinkLinks+", ethtool", value)
		switch {
		case !s.link.Present:
			a.found(control.HealthUnknown, fmt.Sprintf("The %s is missing.", s.word), "", "See the check of the bridge.")
		case s.name == f.Kernel.Bridge.Held:
			a.found(control.HealthWarn, fmt.Sprintf("The %s is kept down, since the other has no link (bridge.link_propagation).", s.word), notAWire,
				"Mend the other cable.")
		case !s.link.Carrier:
			a.found(control.HealthFail, fmt.Sprintf("The %s has no link.", s.word), notAWire,
				"Look at the cable, and whether the device at its other end is on.")
		case s.link.SpeedMbps > 0 && !s.link.FullDuplex:
			a.found(control.HealthWarn, fmt.Sprintf("The %s runs at half duplex.", s.word), "Frames collide and are lost under load.",
				"Set both ends of the cable to negotiate.")
		}
	}
	return a
}

// enough frames say something; fewer may be a switch's own.
const enough = 20

func judgeFrames(f *Facts) answer {
	if err := f.Kernel.TrafficErr; err != nil {
		return unreadable(err)
	}
	d, ok := f.since()
	if !ok {
		return tooSoon()
	}
	lan, wan := grown(f.Before.LAN, f.Now.LAN), grown(f.Before.WAN, f.Now.WAN)
	a := fine(fmt.Sprintf("In %s, %d frames came in by the clients' port and %d by the servers'.", d, lan.Received.Packets, wan.Received.Packets))
	for i, t := range []bridge.Traffic{lan, wan} {
		a.saw(f.sides()[i].word, netlinkLinks+", counters since "+d+" ago", fmt.Sprintf("%d frames in, %d out", t.Received.Packets, t.Sent.Packets))
	}
	fromClients, fromServers, toClients, toServers := lan.Received.Packets, wan.Received.Packets, lan.Sent.Packets, wan.Sent.Packets
	in := fromClients + fromServers
	const look = "See the checks of bridge and links; then look on both sides with tcpdump."
	switch {
	case !f.live():
		a.found(control.HealthUnknown, "A port has no link: nothing can cross.", "", "See the check of the links.")
	case in == 0:
		a.found(control.HealthUnknown, fmt.Sprintf("No frame came in by either port in %s: nobody has sent anything.", d), "",
			"Have a client send something, and look again.")
	case in >= enough && toClients+toServers == 0:
		a.found(control.HealthFail, fmt.Sprintf("%d frames came in, and none has left.", in), notAWire, look)
	case fromClients >= enough && toServers == 0:
		a.found(control.HealthWarn, fmt.Sprintf("%d frames came from clients, and none has left towards the servers.", fromClients),
			"If they were not all for the box itself, clients reach no server.", look)
	case fromServers >= enough && toClients == 0:
		a.found(control.HealthWarn, fmt.Sprintf("%d frames came from servers, and none has left towards the clients.", fromServers),
			"If they were not all for the box itself, no answer reaches a client.", look)
	case fromClients >= enough && fromServers == 0 && toClients == 0:
		a.found(control.HealthWarn, "Clients send, and nothing comes back from the servers' side.", "Clients get no answers.",
			"Look at what is behind the servers' port.")
	}
	return a
}

// live says that both cables are.
func (f *Facts) live() bool {
	return f.Kernel.BridgeErr == nil && f.Kernel.Bridge.LAN.Carrier && f.Kernel.Bridge.WAN.Carrier
}

func judgeErrors(f *Facts) answer {
	if err := f.Kernel.TrafficErr; err != nil {
		return unreadable(err)
	}
	d, ok := f.since()
	if !ok {
		return tooSoon()
	}
	a := fine(fmt.Sprintf("No error in %s.", d))
	if !f.Now.LAN.Present || !f.Now.WAN.Present {
		a.found(control.HealthUnknown, "A port is missing.", "", "See the check of the bridge.")
	}
	for i, t := range []bridge.Traffic{grown(f.Before.LAN, f.Now.LAN), grown(f.Before.WAN, f.Now.WAN)} {
		s := f.sides()[i]
		a.saw(s.word, netlinkLinks+", counters since "+d+" ago",
			fmt.Sprintf("errors: %d in, %d out; dropped: %d in, %d out", t.Received.Errors, t.Sent.Errors, t.Received.Dropped, t.Sent.Dropped))
		if n := t.Received.Errors + t.Sent.Errors; n > 0 {
			a.found(control.HealthWarn, fmt.Sprintf("The %s had %s in %s.", s.word, plural(n, "error", "errors"), d),
				"Frames are lost; TCP sends them again, slower.", "Change the cable; then look at the card and at the other end.")
		}
	}
	return a
}

func judgeReach(f *Facts) answer {
	if err := f.Kernel.LearnedErr; err != nil {
		return unreadable(err)
	}
	a := fine("Hosts were heard on both sides lately.")
	d, _ := f.since()
	// Frames that are captured by broute teach the bridge nothing.
	frames := []uint64{grown(f.Before.LAN, f.Now.LAN).Received.Packets, grown(f.Before.WAN, f.Now.WAN).Received.Packets}
	for i, n := range []int{f.Kernel.Learned.LAN, f.Kernel.Learned.WAN} {
		s := f.sides()[i]
		value := plural(uint64(n), "MAC learned", "MACs learned")
		if n >= bridge.MostLearned {
			value += ", or more"
		}
		a.saw(s.word, "netlink, FDB", value)
		if n == 0 {
			a.saw(s.word, netlinkLinks+", counters since "+d+" ago", fmt.Sprintf("%d frames in", frames[i]))
		}
		switch {
		case n > 0, frames[i] > 0:
		case !f.live():
			a.found(control.HealthUnknown, "A port has no link.", "", "See the check of the links.")
		default:
			a.found(control.HealthWarn, fmt.Sprintf("No host was heard behind the %s since its link came up, or for 5 minutes.", s.word), "There is nobody to carry traffic for.",
				"Look at what is connected there; have it send something, and look again.")
		}
	}
	return a
}

func judgeGateway(f *Facts) answer {
	m := f.Config.Management
	const where = "netlink, neighbours"
	switch {
	case m.None():
		return fine("The box has no address of its own (management.address), and needs none.")
	case m.Interface != "":
		return fine("The box's address is on " + m.Interface + ", not on the wire (management.interface).")
	case f.Kernel.GatewaysErr != nil:
		return unreadable(f.Kernel.GatewaysErr)
	case len(f.Kernel.Gateways) == 0 && m.DHCP:
		a := answer{}
		a.saw("default route", "netlink, routes", "none of limpid's")
		a.found(control.HealthWarn, "The box has got no router by DHCP.", "The page is reached from its own network only, or not at all. The wire does not need it.",
			"Look whether a DHCP server answers, or write management.address out.")
		return a
	case len(f.Kernel.Gateways) == 0:
		return fine("No router is set (management.gateway): the box is reached from its own network.")
	}
	a := fine("The box's router is known.")
	for _, n := range f.Kernel.Gateways {
		a.saw("router "+n.IP.String(), where, strings.TrimSpace(n.State+" "+n.MAC.String()))
		switch n.State {
		case "failed", "incomplete":
			a.found(control.HealthWarn, fmt.Sprintf("The router %v does not answer.", n.IP), "The page, time servers and syslog are out of reach. The wire does not need them.",
				"Look at management.gateway, and whether the router is on.")
		case "none":
			a.found(control.HealthUnknown, fmt.Sprintf("The box has not yet sent anything by its router %v.", n.IP), "", "")
		}
	}
	return a
}
