package console

import (
	"fmt"
	"strings"
	"time"

	"limpid/appliance/control"
)

// Known is what the screen shows.
type Known struct {
	Version   string
	Now       time.Time
	Status    *control.Status // nil while the supervisor does not answer
	Box       *control.Box    // nil where process 1 is not limpid's
	Addresses []string        // of the box itself, with their interfaces
	Asking    string          // what is to be confirmed; empty: nothing
	Told      string          // what became of the last key
}

// Style is how a line is to look.
type Style int

// Styles.
const (
	Plain Style = iota
	Title
	Good
	Warning
	Dim
)

// Line is one line of the screen.
type Line struct {
	Text  string
	Style Style
}

// Lines gives the screen, top to bottom. Nothing in it changes by itself.
func Lines(k Known) []Line {
	lines := []Line{{title(k), Title}, {}, mode(k)}
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, Line{fmt.Sprintf("  %-12s %s", name, text), Plain})
		}
	}
	if s := k.Status; s != nil {
		add("clients", link(s.Wire.LAN))
		add("servers", link(s.Wire.WAN))
	}
	addresses := strings.Join(k.Addresses, ", ")
	if addresses == "" {
		addresses = "none yet"
	}
	add("address", addresses)
	if s := k.Status; s != nil {
		add("page", page(s.Web, k.Addresses))
		first, second := fingerprint(s.Web)
		add("certificate", first)
		add("", second)
		if s.Trial != nil {
			add("on trial", fmt.Sprintf("settings wait to be confirmed: given up in %d s", s.Trial.Left))
		}
	}
	if b := k.Box; b != nil {
		add("settings", settings(b))
		watchdog := b.Watchdog
		if watchdog == "" {
			watchdog = "none: a box that hangs stays so"
		}
		add("watchdog", watchdog)
		if b.Phase != "" {
			add("now", b.Phase)
		}
	}
	lines = append(lines, Line{})
	lines = append(lines, alarms(k)...)
	return append(lines, Line{}, prompt(k))
}

func title(k Known) string {
	text := "limpid " + k.Version
	if k.Box != nil && k.Box.Slot != "" {
		text += ", slot " + k.Box.Slot
	}
	return text
}

// mode is the line that people look for.
func mode(k Known) Line {
	if k.Status == nil {
		return Line{"  STARTING: the bridge forwards, the proxy does not run yet", Warning}
	}
	s := k.Status
	zone := s.Zone()
	since := s.Since.In(zone).Format(time.DateTime + " MST")
	if s.Mode == control.Inline {
		return Line{"  INLINE since " + since, Good}
	}
	reason := s.Reason
	if s.Bypass.On && !s.Bypass.Until.IsZero() {
		left := max(0, s.Bypass.Until.Sub(k.Now)).Round(time.Second)
		reason = fmt.Sprintf("ordered, for %v more, until %s", left, s.Bypass.Until.In(zone).Format(time.TimeOnly))
	}
	return Line{fmt.Sprintf("  %s since %s: %s", strings.ToUpper(string(s.Mode)), since, reason), Warning}
}

func link(l control.Link) string {
	switch {
	case !l.Present:
		return l.Name + " is missing"
	case !l.Up:
		return l.Name + " down"
	case !l.Carrier:
		return l.Name + " has no link: plug the cable in"
	case l.Speed > 0:
		return fmt.Sprintf("%s up, %d Mbit/s", l.Name, l.Speed)
	}
	return l.Name + " up"
}

func settings(b *control.Box) string {
	var where string
	switch b.Data {
	case control.DataDisk:
		where = "on disk"
	case control.DataReadOnly:
		where = "read from a disk that refuses writes"
	case control.DataMemory:
		where = "in memory, lost with the power"
	case control.DataNowhere:
		return ""
	}
	if b.Config == control.ConfigDefaults || b.Config == control.ConfigLastGood {
		return string(b.Config) + ", " + where
	}
	return where
}

// mostAlarms leaves room for the keys on a screen of 24 lines.
const mostAlarms = 8

func alarms(k Known) []Line {
	var texts []string
	if k.Box != nil {
		for _, a := range k.Box.Alarms {
			texts = append(texts, a.About+": "+a.Text)
		}
	}
	if k.Status != nil {
		texts = append(texts, k.Status.Problems...)
	}
	if len(texts) == 0 {
		return []Line{{"  no alarms", Dim}}
	}
	lines := make([]Line, 0, len(texts))
	for i, text := range texts {
		if i == mostAlarms {
			lines = append(lines, Line{fmt.Sprintf("  and %d more: limpid status", len(texts)-i), Warning})
			break
		}
		lines = append(lines, Line{"! " + text, Warning})
	}
	return lines
}

// prompt is the last line: keys, a question, or what became of it.
func prompt(k Known) Line {
	switch {
	case k.Asking != "":
		return Line{k.Asking + " Press y, or any other key for no.", Warning}
	case k.Told != "":
		return Line{k.Told, Plain}
	}
	var keys, resets []string
	for _, key := range Keys(k) {
		name := string(key.Char) + " " + key.Name
		if key.reset {
			resets = append(resets, name)
		} else {
			keys = append(keys, name)
		}
	}
	if len(resets) > 0 {
		keys = append(keys, "reset: "+strings.Join(resets, ", "))
	}
	return Line{strings.Join(keys, "  "), Dim} // on one line of 80
}
