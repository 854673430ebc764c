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
	Beside     []beside // likewise
}

func wireOf(w control.Wire, v view) wire {
	if v.Silent {
		unknown := link{Tone: idle, Text: "unknown"}
		return wire{Clients: unknown, Servers: unknown, Says: "Nothing is known of the links."}
	}
	p := wire{Clients: linkOf(w.LAN, v.LoggedIn), Servers: linkOf(w.WAN, v.LoggedIn)}
	p.Through = v.Word == "INLINE" || v.Word == "DEGRADED"
	p.Whole = p.Clients.Tone == good && p.Servers.Tone == good
	way := "New connections go straight past the proxy."
	if p.Through {
		way = "New connections go through the proxy."
	}
	p.Says = fmt.Sprintf("Clients: %s. Servers: %s. %s", p.Clients.Text, p.Servers.Text, way)
	return p
}

func linkOf(l control.Link, details bool) link {
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
	var parts []string
	for _, part := range []struct {
		there bool
		text  string
	}{
		{l.Name != "", l.Name},
		{l.Speed > 0, speed(l.Speed)},
	} {
		if part.there {
			parts = append(parts, part.text)
		}
	}
	shown.Details = append(shown.Details, strings.Join(parts, " · "))
	if l.MAC != "" {
		shown.Details = append(shown.Details, l.MAC)
	}
	return shown
}

// speed is a number of Mbit/s for people.
func speed(mbps int) string {
	if mbps >= 1000 && mbps%100 == 0 {
		return fmt.Sprintf("%g Gbit/s", float64(mbps)/1000)
	}
	return fmt.Sprintf("%d Mbit/s", mbps)
}
