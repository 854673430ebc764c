package console

import (
	"fmt"
	"slices"
	"strings"
)

// What a terminal is told (ECMA-48, which every terminal and Linux's own follow).
const (
	wipe      = "\x1b[0m\x1b[2J\x1b[H\x1b[?25l"
	endOfLine = "\x1b[0m\x1b[K"
	leave     = "\x1b[0m\x1b[2J\x1b[H\x1b[?25h"
)

func (s Style) sequence() string {
	switch s {
	case Title:
		return "\x1b[1m"
	case Good:
		return "\x1b[1;32m"
	case Warning:
		return "\x1b[1;33m"
	case Dim:
		return "\x1b[2m"
	case Plain:
	}
	return "\x1b[0m"
}

// Screen remembers what is on a terminal.
type Screen struct {
	width, height int
	shown         []Line
	fresh         bool // the terminal shows what Screen thinks it does
}

// NewScreen is for a terminal of a size; what it shows is unknown.
func NewScreen(width, height int) *Screen { return &Screen{width: width, height: height} }

// Forget has the next Draw write everything.
func (s *Screen) Forget() { s.fresh, s.shown = false, nil }

// Draw gives what to write so that the terminal shows lines: nothing when it does.
func (s *Screen) Draw(lines []Line) string {
	// The last column is left free: a terminal that has just filled it may take what
	// comes next for the line below, or erase the last character.
	lines = fit(lines, s.width-1, s.height)
	var b strings.Builder
	if !s.fresh {
		b.WriteString(wipe)
	}
	for i := range max(len(lines), len(s.shown)) {
		var want, have Line
		if i < len(lines) {
			want = lines[i]
		}
		if i < len(s.shown) {
			have = s.shown[i]
		}
		if want != have {
			fmt.Fprintf(&b, "\x1b[%d;1H%s%s%s", i+1, want.Style.sequence(), want.Text, endOfLine)
		}
	}
	s.shown, s.fresh = lines, true
	return b.String()
}

// more stands in the place of what does not fit.
const more = "  and more: limpid status"

// fit breaks lines that are too long, and leaves out what does not fit, but never
// the last line, which has the keys. What others sent may be in a line: nothing but
// printable characters gets to the terminal.
func fit(lines []Line, width, height int) []Line {
	var fitted []Line
	last := 0 // where the last line begins
	for _, l := range lines {
		last = len(fitted)
		for i, part := range wrap(printable(l.Text), width) {
			if i > 0 {
				part = "    " + part
			}
			fitted = append(fitted, Line{part, l.Style})
		}
	}
	if len(fitted) <= height {
		return fitted
	}
	keys := fitted[last:]
	room := height - len(keys) - 1
	if room < 0 {
		return fitted[len(fitted)-height:]
	}
	return slices.Concat(fitted[:room], []Line{{more, Warning}}, keys)
}

func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' { // a serial line may end in a terminal of any kind
			return '?'
		}
		return r
	}, text)
}

// wrap breaks text between words, parts after the first four characters shorter.
func wrap(text string, width int) []string {
	var parts []string
	for room := width; len(text) > room; room = width - 4 {
		at := strings.LastIndexByte(text[:room+1], ' ')
		if at <= room/2 {
			at = room
		}
		parts = append(parts, text[:at])
		text = strings.TrimLeft(text[at:], " ")
	}
	return append(parts, text)
}
