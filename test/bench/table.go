package main

import (
	"strings"
	"unicode/utf8"
)

// table is a Markdown table whose columns also line up as plain text.
type table struct {
	title  string
	text   string // a paragraph below the title
	header []string
	rows   [][]string
}

// String is the table in Markdown, with its title as a heading.
func (t table) String() string {
	// Characters, not bytes: a µ is one wide.
	widths := make([]int, len(t.header))
	for _, row := range append([][]string{t.header}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	b.WriteString("## " + t.title + "\n\n")
	if t.text != "" {
		b.WriteString(wrap(t.text) + "\n")
	}
	line := func(row []string, fill string) {
		for i, cell := range row {
			gap := strings.Repeat(fill, widths[i]-utf8.RuneCountInString(cell))
			// The first column is of names, the others of figures.
			if i > 0 {
				cell = gap + cell
			} else {
				cell += gap
			}
			b.WriteString("| " + cell + " ")
		}
		b.WriteString("|\n")
	}
	// A colon at its end aligns a column to the right.
	rule := make([]string, len(t.header))
	for i := range rule {
		rule[i] = strings.Repeat("-", widths[i])
		if i > 0 {
			rule[i] = rule[i][:max(1, widths[i]-1)] + ":"
		}
	}
	line(t.header, " ")
	line(rule, "-")
	for _, row := range t.rows {
		line(row, " ")
	}
	return b.String()
}

// wrap breaks a paragraph at spaces into lines of at most 120 characters.
func wrap(text string) string {
	var b strings.Builder
	length := 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case length+1+n > 120:
			b.WriteByte('\n')
			length = 0
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += n
	}
	return b.String() + "\n"
}
