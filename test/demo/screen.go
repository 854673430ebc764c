package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// columns is what every line fits into, in characters.
const columns = 79

// Escape sequences of a terminal (ECMA-48, SGR).
const (
	bold  = "\x1b[1m"
	green = "\x1b[32m"
	dim   = "\x1b[2m"
	plain = "\x1b[0m"
)

// screen is where the story is told. Nothing can be told to a terminal that is
// gone, so writing has no errors.
type screen struct {
	out    io.Writer
	colour bool
}

// newScreen colours its text if it goes to a terminal and NO_COLOR is not set.
func newScreen(f *os.File) *screen {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return &screen{out: f, colour: err == nil && os.Getenv("NO_COLOR") == ""}
}

// paint wraps text into an escape sequence, if there is a terminal for it.
func (s *screen) paint(how, text string) string {
	if !s.colour {
		return text
	}
	return how + text + plain
}

// title begins a chapter.
func (s *screen) title(text string) {
	fmt.Fprintf(s.out, "\n%s\n%s\n", s.paint(bold, text), s.paint(dim, strings.Repeat("-", utf8.RuneCountInString(text))))
}

// blank sets two blocks apart.
func (s *screen) blank() { fmt.Fprintln(s.out) }

// picture shows text as it is.
func (s *screen) picture(text string) { fmt.Fprintln(s.out, text[:max(0, len(text)-1)]) }

// say is a paragraph, filled to the columns.
func (s *screen) say(format string, args ...any) {
	for _, line := range fill(fmt.Sprintf(format, args...), columns) {
		fmt.Fprintln(s.out, line)
	}
}

// holds says what was checked and found true.
func (s *screen) holds(format string, args ...any) {
	for i, line := range fill(fmt.Sprintf(format, args...), columns-4) {
		mark := "ok"
		if i > 0 {
			mark = "  "
		}
		fmt.Fprintf(s.out, "%s  %s\n", s.paint(green, mark), line)
	}
}

// prompt shows a command as it would be typed on a host.
func (s *screen) prompt(host string, args ...string) {
	fmt.Fprintf(s.out, "%s %s\n", s.paint(dim, host+"$"), s.paint(bold, commandLine(args)))
}

// suggest is a command for the visitor to copy, and what it is for.
func (s *screen) suggest(what, command string) {
	if what != "" {
		fmt.Fprintln(s.out, "  "+s.paint(dim, "# "+what))
	}
	fmt.Fprintln(s.out, "  "+s.paint(bold, command))
}

// output shows what a program printed, indented; a line that is too long goes
// on in the next one, further in.
func (s *screen) output(text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\r\n ")) {
		for i, piece := range fold(strings.TrimRight(line, "\r\n "), columns-2, columns-6) {
			indent := "  "
			if i > 0 {
				indent = "      "
			}
			fmt.Fprintln(s.out, strings.TrimRight(indent+piece, " "))
		}
	}
}

// indented shows the lines that are written to it as output.
func (s *screen) indented() io.Writer { return &indented{s: s} }

type indented struct {
	s    *screen
	rest string // a line that has not ended
}

func (w *indented) Write(p []byte) (int, error) {
	text := w.rest + string(p)
	end := strings.LastIndexByte(text, '\n') + 1
	if end > 0 {
		w.s.output(text[:end])
	}
	w.rest = text[end:]
	return len(p), nil
}

// table shows rows with aligned columns.
func (s *screen) table(rows [][]string) {
	for _, line := range align(rows) {
		fmt.Fprintln(s.out, line)
	}
}

// commandLine quotes what a shell would not take as it is.
func commandLine(args []string) string {
	quoted := make([]string, 0, len(args))
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t\n'\"\\$`&;|<>()*?[]{}#!~%") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		quoted = append(quoted, a)
	}
	return strings.Join(quoted, " ")
}
