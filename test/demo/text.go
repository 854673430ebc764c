package main

import (
	"strings"
	"unicode/utf8"
)

// fill breaks text between words into lines of at most width characters; only
// a word that is longer than that stands out.
func fill(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// fold cuts a line into a first piece of at most first characters and further
// ones of at most rest: behind a space if there is one in the piece's second
// half, else wherever that is.
func fold(line string, first, rest int) []string {
	runes := []rune(line)
	var pieces []string
	for width := first; len(runes) > width; width = rest {
		cut := width
		for cut > width/2 && runes[cut-1] != ' ' {
			cut--
		}
		// No space worth it: digits and names are cut anywhere.
		if cut == width/2 {
			cut = width
		}
		pieces = append(pieces, string(runes[:cut]))
		runes = runes[cut:]
	}
	return append(pieces, string(runes))
}

// align pads the cells of each column to the widest, two spaces apart. Rows may
// be of different lengths; a row's last cell is not padded.
func align(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	lines := make([]string, 0, len(rows))
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

// lastLines is the end of a text: at most n lines, without the final newline.
func lastLines(text string, n int) string {
	lines := strings.SplitAfter(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "")
}
