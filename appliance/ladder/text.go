package ladder

import (
	"fmt"
	"strings"
	"time"

	"limpid/appliance/control"
)

// Columns of a ladder as text, which is 80 wide: the three lines stand at 10, 44 and 78.
const (
	textWidth  = 80
	timeWidth  = 10
	spanWidth  = 33 // between two lines
	stepIndent = "        "
)

// Text is a ladder for a terminal, 80 columns wide; with details of each sighting if
// they are wanted.
func Text(l control.Ladder, details bool) string {
	var b strings.Builder
	if l.From.IsValid() {
		fmt.Fprintf(&b, "%v to %v, at %s\n\n", l.From, l.To, l.Began.Local().Format(time.DateTime))
		lines := fmt.Sprintf("%*s|%*s|%*s|\n", timeWidth, "", spanWidth, "", spanWidth, "")
		fmt.Fprintf(&b, "%*s client%*sbox%*sserver\n", timeWidth-1, "ms", spanWidth-6, "", spanWidth-5, "")
		b.WriteString(lines)
		for _, r := range l.Rungs {
			b.WriteString(rungText(r))
			if details {
				for _, s := range r.Seen {
					b.WriteString(sightingText(s))
				}
			}
		}
		b.WriteString(lines)
		if l.Omitted > 0 {
			fmt.Fprintf(&b, "%*s%d more frames of it are not shown.\n", timeWidth, "", l.Omitted)
		}
		b.WriteByte('\n')
	}
	for _, step := range l.Findings {
		b.WriteString(wrapped(fmt.Sprintf("%-*s", len(stepIndent), step.Verdict), step.Text))
		if step.Mend != "" {
			b.WriteString(wrapped(stepIndent, "Mend: "+step.Mend))
		}
	}
	return b.String()
}

// rungText is one line: an arrow from where it came to where it went.
func rungText(r control.Rung) string {
	space := strings.Repeat(" ", spanWidth)
	leftwards := r.From == control.EndServer || r.To == control.EndClient
	var spans string
	switch {
	case r.From != control.EndBox && r.To != control.EndBox:
		spans = arrow(r.Label(), 2*spanWidth+1, leftwards, r.Lost)
	case r.From == control.EndClient || r.To == control.EndClient:
		spans = arrow(r.Label(), spanWidth, leftwards, r.Lost) + "|" + space
	default:
		spans = space + "|" + arrow(r.Label(), spanWidth, leftwards, r.Lost)
	}
	return fmt.Sprintf("%*.2f |%s|\n", timeWidth-1, float64(r.After)/1000, spans)
}

// arrow is so wide, and points one way; a lost one breaks off.
func arrow(label string, width int, leftwards, lost bool) string {
	const around = 8
	if most := width - around; len(label) > most {
		label = label[:most-3] + "..."
	}
	rule := strings.Repeat("-", width-len(label)-5)
	switch {
	case leftwards && lost:
		return strings.Repeat(" ", len(rule)-len(rule)/2) + "x" + rule[:len(rule)/2] + " " + label + " --"
	case leftwards:
		return "<" + rule + " " + label + " --"
	case lost:
		return "-- " + label + " " + rule[:len(rule)/2] + "x" + strings.Repeat(" ", len(rule)-len(rule)/2)
	}
	return "-- " + label + " " + rule + ">"
}

// PlaceName is what a place is called.
func PlaceName(p control.Place) string {
	return map[control.Place]string{control.AtClient: "clients' port", control.AtLoop: "loop into the box", control.AtServer: "servers' port"}[p]
}

func sightingText(s control.Sighting) string {
	way := "in"
	if s.Out {
		way = "out"
	}
	text := fmt.Sprintf("%*s %s, %s %s: %v %s to %v %s, TTL %d", timeWidth-1, fmt.Sprintf("%.2f", float64(s.After)/1000), PlaceName(s.Place), s.Device, way, s.From, s.FromMAC, s.To, s.ToMAC, s.TTL)
	if s.VLAN != 0 {
		text += fmt.Sprintf(", VLAN %d", s.VLAN)
	}
	if s.Frames > 1 {
		text += fmt.Sprintf(", cut into %d frames", s.Frames)
	}
	return text + "\n"
}

// wrapped is a text in lines that are not too wide, each indented as the first one.
func wrapped(first, text string) string {
	var b strings.Builder
	at := len(first)
	b.WriteString(first)
	for i, word := range strings.Fields(text) {
		switch {
		case i > 0 && at+1+len(word) > textWidth:
			b.WriteString("\n" + stepIndent)
			at = len(stepIndent)
		case i > 0:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	b.WriteByte('\n')
	return b.String()
}
