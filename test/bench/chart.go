package main

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// chart is a picture of bars in panels, as SVG without scripts: words are text,
// colours follow the reader's light or dark theme.
type chart struct {
	title  string
	panels []panel
	foot   string // a line below all; "" for none
}

// panel is one measure of several subjects.
type panel struct {
	title, unit string
	bars        []bar
}

// bar is one subject; ours is drawn in the colour that stands out.
type bar struct {
	name  string
	value spread
	ours  bool
}

// Sizes in SVG's user units, which are pixels at first sight. Two columns fit
// the width that code hosts give to a page.
const (
	chartWidth   = 900
	columnWidth  = chartWidth / 2
	nameWidth    = 150
	valueWidth   = 78
	barWidth     = columnWidth - nameWidth - valueWidth - 12
	barHeight    = 12
	rowHeight    = 18
	panelHead    = 40
	panelSpace   = 14
	chartHead    = 34
	chartMargins = 10
)

// chartStyle: the first colours are those of the light theme.
const chartStyle = `
	svg { background: #ffffff }
	text { font: 12px system-ui, sans-serif; fill: #24292f }
	.title { font-size: 16px; font-weight: 600 }
	.panel { font-size: 13px; font-weight: 600 }
	.unit, .value { fill: #57606a }
	.end { text-anchor: end }
	.peer { fill: #8c96a3 }
	.ours { fill: #0969da }
	.range { stroke: #24292f; stroke-width: 1 }
	.cut { stroke: #ffffff; stroke-width: 2 }
	@media (prefers-color-scheme: dark) {
		svg { background: #0d1117 }
		text { fill: #e6edf3 }
		.unit, .value { fill: #9da7b3 }
		.peer { fill: #6e7781 }
		.ours { fill: #58a6ff }
		.range { stroke: #e6edf3 }
		.cut { stroke: #0d1117 }
	}
`

// height is what a panel takes.
func (p panel) height() int { return panelHead + rowHeight*len(p.bars) + panelSpace }

// scale is the value of a full bar. One that is far beyond the others would
// make them vanish: it is cut at three times the middle one.
func (p panel) scale() float64 {
	var medians []float64
	for _, b := range p.bars {
		medians = append(medians, b.value.median)
	}
	slices.Sort(medians)
	if len(medians) == 0 {
		return 1
	}
	middle, most := medians[len(medians)/2], medians[len(medians)-1]
	return max(min(most, 3*middle), most/1e6, 1e-9)
}

// svg draws the chart, panels left and right in turn.
func (c chart) svg() string {
	var body strings.Builder
	y := chartHead
	for row := range slices.Chunk(c.panels, 2) {
		for i, p := range row {
			p.draw(&body, chartMargins+i*columnWidth, y)
		}
		y += slices.MaxFunc(row, func(a, b panel) int { return cmp.Compare(a.height(), b.height()) }).height()
	}
	if c.foot != "" {
		fmt.Fprintf(&body, "<text class=\"unit\" x=\"%d\" y=\"%d\">%s</text>\n", chartMargins, y+8, escape(c.foot))
		y += rowHeight
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n",
		chartWidth, y, chartWidth, y)
	fmt.Fprintf(&b, "<title>%s</title>\n<style>%s</style>\n", escape(c.title), chartStyle)
	fmt.Fprintf(&b, "<text class=\"title\" x=\"%d\" y=\"22\">%s</text>\n", chartMargins, escape(c.title))
	b.WriteString(body.String())
	b.WriteString("</svg>\n")
	return b.String()
}

// draw puts a panel at a place.
func (p panel) draw(b *strings.Builder, x, y int) {
	fmt.Fprintf(b, "<text class=\"panel\" x=\"%d\" y=\"%d\">%s</text>\n", x, y+16, escape(p.title))
	fmt.Fprintf(b, "<text class=\"unit\" x=\"%d\" y=\"%d\">%s</text>\n", x, y+32, escape(p.unit))
	scale := p.scale()
	for i, one := range p.bars {
		one.draw(b, x, y+panelHead+i*rowHeight, scale)
	}
}

// draw is a name, a bar with a line from the least to the most, and the median
// in figures.
func (o bar) draw(b *strings.Builder, x, y int, scale float64) {
	left := x + nameWidth
	place := func(v float64) float64 { return float64(left) + barWidth*min(max(v/scale, 0), 1) }
	class := "peer"
	if o.ours {
		class = "ours"
	}
	end, middle := place(o.value.median), float64(y)+barHeight/2.0
	fmt.Fprintf(b, "<text class=\"end\" x=\"%d\" y=\"%d\">%s</text>\n", left-8, y+barHeight-2, escape(o.name))
	fmt.Fprintf(b, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", class, left, y, end-float64(left), barHeight)
	if o.value.median > scale {
		// Two strokes through a bar say that it goes on.
		for _, back := range []float64{14, 20} {
			fmt.Fprintf(b, "<line class=\"cut\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n", end-back, y+barHeight+1, end-back+4, y-1)
		}
	} else if from, to := place(o.value.min), place(o.value.max); to > from {
		fmt.Fprintf(b, "<line class=\"range\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", from, middle, to, middle)
	}
	fmt.Fprintf(b, "<text class=\"value\" x=\"%d\" y=\"%d\">%s</text>\n", left+barWidth+6, y+barHeight-2, number(o.value.median))
}

// escape is for text between tags.
func escape(s string) string {
	var b bytes.Buffer
	// A bytes.Buffer takes everything.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// chart is the tables' figures as bars.
func (r *results) chart() chart {
	value := func(key string, m metric) func(subject) spread {
		return func(s subject) spread { return r.values(s.name, key, m) }
	}
	added := func(key string, q float64) func(subject) spread {
		return func(s subject) spread {
			if s.name == bareWire {
				return spread{}
			}
			return r.added(s.name, key, q)
		}
	}
	c := chart{title: "limpid beside its peers"}
	for _, p := range []struct {
		title, unit string
		of          func(subject) spread
	}{
		{"1 KiB kept alive", "CPU, µs a request (less is better)", value(keyKeepAlive, microsPerRequest(""))},
		{"New connection each", "CPU, µs a connection (less is better)", value(keyNew, microsPerRequest(""))},
		{"256 MiB bodies", "CPU, s a GB (less is better)", value(keyBulk, secondsPerGB(""))},
		{"Idle connection", "KiB (less is better)", value(keyIdle, heldKiB)},
		{"1 KiB kept alive, proxy on one core", "requests/s (more is better)", value(keyPinned, requestRate)},
		{"256 MiB bodies, proxy on one core", "Gbit/s (more is better)", value(keyPinnedBulk, gigabits)},
		{"New connections", "connections/s (more is better)", value(keyNew, requestRate)},
		{fmt.Sprintf("Added at %d new connections/s, p99", rateNew), "µs beyond a plain bridge (less is better)", added(keyPacedNew, 0.99)},
		{fmt.Sprintf("Added at %d requests/s, p50", rateHigh), "µs beyond a plain bridge (less is better)", added(keyPacedHigh, 0.5)},
		{fmt.Sprintf("Added at %d requests/s, p99", rateHigh), "µs beyond a plain bridge (less is better)", added(keyPacedHigh, 0.99)},
	} {
		drawn := panel{title: p.title, unit: p.unit}
		for _, s := range r.plan.subjects {
			if v := p.of(s); v.n > 0 && !s.beside {
				name := strings.TrimPrefix(s.title, "no proxy: ")
				drawn.bars = append(drawn.bars, bar{name: name, value: v, ours: s.family == familyOurs})
			}
		}
		if len(drawn.bars) > 0 {
			c.panels = append(c.panels, drawn)
		}
	}
	if slices.ContainsFunc(r.plan.subjects, func(s subject) bool { return s.mixes }) {
		c.foot = "* one client's requests may leave from another's address: no transparent proxy"
	}
	return c
}
