package web

import (
	"strings"

	"limpid/appliance/control"
)

// alarm is something to be mended, and the page that it is about, if there is one.
type alarm struct{ Text, About string }

// alarmsOf are those of the box and of the supervisor.
func alarmsOf(s control.Status) []alarm {
	var all []alarm
	if s.Box != nil {
		for _, a := range s.Box.Alarms {
			all = append(all, alarm{a.About + ": " + a.Text, aboutOf(a.About)})
		}
	}
	for _, text := range s.Problems {
		what, _, _ := strings.Cut(text, ": ")
		all = append(all, alarm{text, aboutOf(what)})
	}
	return all
}

// aboutOf is the page where what an alarm is about is seen or mended; empty: it is
// mended elsewhere, as its text says.
func aboutOf(what string) string {
	switch what {
	case "config", "configuration", "settings", "last good settings":
		return "/settings"
	case "bridge", "ports", "bridge.ports":
		return "/settings#bridge.ports"
	case "bridge.name", "management.interface", "intercept.mode":
		return "/settings#" + what
	case "network":
		return "/settings#management.address"
	case "names":
		return "/settings#management.dns"
	case "time servers":
		return "/settings#management.ntp"
	case "watchdog", "hardware watchdog":
		return "/settings#watchdog.hardware"
	case "web page":
		return "/settings#web.listen"
	case "page's password":
		return "/access"
	}
	return ""
}
