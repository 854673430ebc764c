package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"limpid/appliance/control"
)

// traffic is the chart: what went through the proxy to clients, and what went past it.
type traffic struct {
	Spans []spanChoice
	Now   string // rates of the last step, in words
	Most  string // the rate at the top of the chart
	From  string // time at its left end
	Until string
	// Paths of areas in a picture of chartWidth by chartHeight: captured, and on top of
	// it what was bridged (SVG 2, 9.3).
	Captured, Bridged string
	Says              string // the same for those who cannot see it
}

type spanChoice struct {
	Name, Label, Address string
	Chosen               bool
}

const (
	chartWidth  = 600
	chartHeight = 120
	// leastRate is what the top of an idle chart stands for, in bit/s.
	leastRate = 1e6
)

func spanChoices() []spanChoice {
	return []spanChoice{{Name: "10m", Label: "10 minutes"}, {Name: "24h", Label: "24 hours"}, {Name: "7d", Label: "7 days"}}
}

// lengthOf is how long a span is.
func lengthOf(span string) time.Duration {
	switch span {
	case "24h":
		return 24 * time.Hour
	case "7d":
		return 7 * 24 * time.Hour
	}
	return 10 * time.Minute
}

// spanOf is the span that an address asks for, or the first.
func spanOf(wanted string) string {
	if slices.ContainsFunc(spanChoices(), func(c spanChoice) bool { return c.Name == wanted }) {
		return wanted
	}
	return spanChoices()[0].Name
}

// trafficOf draws a history that ends now, in the zone of that; c is what the address says.
func trafficOf(h control.History, c charted, now time.Time) *traffic {
	span := c.span
	t := &traffic{Spans: spanChoices()}
	for i := range t.Spans {
		t.Spans[i].Chosen, t.Spans[i].Address = t.Spans[i].Name == span, charted{t.Spans[i].Name, c.top}.address()
	}
	step := time.Duration(h.Step)
	sent, captured := slices.Index(h.Names, "lan_sent"), slices.Index(h.Names, "to_clients")
	if step <= 0 || sent < 0 || captured < 0 {
		return t
	}
	// The last step is not over yet: it would always look like a fall.
	points := h.Points
	for len(points) > 0 && points[len(points)-1].At.Add(step).After(now) {
		points = points[:len(points)-1]
	}
	begin := now.Add(-lengthOf(span))
	rate := func(n uint64) float64 { return float64(n) * 8 / step.Seconds() }
	most := leastRate
	for _, p := range points {
		most = max(most, rate(p.Counts[sent]), rate(p.Counts[captured]))
	}
	var through, past area
	for i, p := range points {
		if i > 0 && p.At.Sub(points[i-1].At) > step {
			through.close()
			past.close()
		}
		x := chartWidth * p.At.Add(step/2).Sub(begin).Seconds() / lengthOf(span).Seconds()
		y := func(n uint64) float64 { return chartHeight * (1 - rate(n)/most) }
		through.add(x, y(p.Counts[captured]), chartHeight)
		// What the port has sent holds the captured bytes too, with their heads.
		past.add(x, y(max(p.Counts[sent], p.Counts[captured])), y(p.Counts[captured]))
	}
	t.Captured, t.Bridged = through.path(), past.path()
	t.Most = bitrate(most)
	t.From, t.Until = clockTime(begin, span), clockTime(now, span)
	t.Now = "nothing has been counted yet"
	if n := len(points); n > 0 {
		last := points[n-1].Counts
		t.Now = fmt.Sprintf("%s through the proxy, %s past it", bitrate(rate(last[captured])), bitrate(rate(last[sent]-min(last[sent], last[captured]))))
	}
	t.Says = fmt.Sprintf("To clients: %s. At most %s since %s.", t.Now, t.Most, t.From)
	return t
}

// area is a shape between two lines, in parts where points are missing.
type area struct {
	above, below []string
	parts        strings.Builder
}

func (a *area) add(x, top, bottom float64) {
	a.above = append(a.above, fmt.Sprintf("%.1f %.1f", x, top))
	a.below = append(a.below, fmt.Sprintf("%.1f %.1f", x, bottom))
}

func (a *area) close() {
	if len(a.above) > 1 {
		slices.Reverse(a.below)
		a.parts.WriteString("M" + strings.Join(a.above, "L") + "L" + strings.Join(a.below, "L") + "Z")
	}
	a.above, a.below = nil, nil
}

func (a *area) path() string {
	a.close()
	return a.parts.String()
}

// bitrate is a rate for people, of bits a second.
func bitrate(bits float64) string {
	units := []string{"bit/s", "kbit/s", "Mbit/s", "Gbit/s"}
	unit := 0
	for bits >= 1000 && unit < len(units)-1 {
		bits, unit = bits/1000, unit+1
	}
	if bits >= 100 {
		return fmt.Sprintf("%.0f %s", bits, units[unit])
	}
	return fmt.Sprintf("%.3g %s", bits, units[unit])
}

// clockTime is a time as fine as a span needs it.
func clockTime(t time.Time, span string) string {
	if span == "7d" {
		return t.Format("Mon 2 Jan 15:04")
	}
	return t.Format("15:04")
}
