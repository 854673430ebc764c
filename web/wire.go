package web

import (
	"fmt"
	"strings"

	"limpid/appliance/control"
)

// wire is the picture: clients, the box, servers, and what runs between them.
type wire struct {
	Clients, Servers link
	Through          bool   // new connections go through the proxy
	Whole            bool   // both links are up
	Says             string // the same for those who cannot see it
}

// link is one end of the wire.
type link struct {
	Tone, Text string
	Details    []string // for whoever has logged in
	Errors     string   // likewise
	Beside     []beside // likewise
}

func wireOf(w control.Wire, f control.Frames, v view) wire {
	if v.Silent {
		unknown := link{Tone: idle, Text: "unknown"}
		return wire{Clients: unknown, Servers: unknown, Says: "Nothing is known of the links."}
	}
	p := wire{Clients: linkOf(w.LAN, f.LAN, v.LoggedIn), Servers: linkOf(w.WAN, f.WAN, v.LoggedIn)}
	p.Through = v.Word == "INLINE" || v.Word == "DEGRADED"
	p.Whole = p.Clients.Tone == good && p.Servers.Tone == good
	way := "New connections go straight past the proxy."
	if p.Through {
		way = "New connections go through the proxy."
	}
	p.Says = fmt.Sprintf("Clients: %s. Servers: %s. %s", p.Clients.Text, p.Servers.Text, way)
	return p
}

func linkOf(l control.Link, f control.PortFrames, details bool) link {
	var shown link
	switch {
	case !l.Present:
		shown = link{Tone: bad, Text: "port is missing"}
	case !l.Up:
		shown = link{Tone: bad, Text: "port is down"}
	case !l.Carrier:
		shown = link{Tone: bad, Text: "no link: plug the cable in"}
	default:
		shown = link{Tone: good, Text: "link is up"}
	}
	if !details {
		return shown
	}
	shown.Details = append(shown.Details, cableOf(l))
	if l.MAC != "" {
		shown.Details = append(shown.Details, l.MAC)
	}
	switch f.Errors {
	case 0:
		shown.Errors = "no errors"
	case 1:
		shown.Errors = "1 error"
	default:
		shown.Errors = number(f.Errors) + " errors"
	}
	return shown
}

// cableOf is what was negotiated with the other end of a cable.
func cableOf(l control.Link) string {
	parts := []string{l.Name}
	if l.Speed > 0 {
		duplex := "half duplex"
		if l.FullDuplex {
			duplex = "full duplex"
		}
		parts = append(parts, speed(l.Speed), duplex)
	}
	return strings.Join(parts, " · ")
}

// speed is a number of Mbit/s for people.
func speed(mbps int) string {
	if mbps >= 1000 && mbps%100 == 0 {
		return fmt.Sprintf("%g Gbit/s", float64(mbps)/1000)
	}
	return fmt.Sprintf("%d Mbit/s", mbps)
}
