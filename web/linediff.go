package web

import (
	"slices"
	"strings"
)

// line is one of a text beside another: kept, added or taken away.
type line struct {
	Sign string // " ", "+" or "-"
	Text string
}

const (
	// around is how many lines that stay are shown beside those that change.
	around = 3
	// maxTable bounds the comparison: lines of the one times lines of the other.
	maxTable = 4 << 20
)

// diffOf compares two texts line by line. Lines far from any change are left out;
// where some are, an empty line with the sign "…" stands.
func diffOf(old, fresh string) []line {
	a, b := linesOf(old), linesOf(fresh)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var all []line
	for _, text := range a[:head] {
		all = append(all, line{" ", text})
	}
	all = append(all, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, text := range a[len(a)-tail:] {
		all = append(all, line{" ", text})
	}
	return near(all)
}

func linesOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// middle finds a longest common subsequence (Wagner and Fischer). Where the texts are
// too large for its table the one is taken away and the other added.
func middle(a, b []string) []line {
	var all []line
	if (len(a)+1)*(len(b)+1) > maxTable {
		for _, text := range a {
			all = append(all, line{"-", text})
		}
		for _, text := range b {
			all = append(all, line{"+", text})
		}
		return all
	}
	// longest[i*w+j] is that of a[i:] and b[j:].
	w := len(b) + 1
	longest := make([]int32, (len(a)+1)*w)
	for i, x := range slices.Backward(a) {
		for j, y := range slices.Backward(b) {
			if x == y {
				longest[i*w+j] = longest[(i+1)*w+j+1] + 1
			} else {
				longest[i*w+j] = max(longest[(i+1)*w+j], longest[i*w+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			all = append(all, line{" ", a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && longest[(i+1)*w+j] >= longest[i*w+j+1]:
			all = append(all, line{"-", a[i]})
			i++
		default:
			all = append(all, line{"+", b[j]})
			j++
		}
	}
	return all
}

// near leaves out what is far from any change.
func near(all []line) []line {
	shown := make([]bool, len(all))
	for i, l := range all {
		if l.Sign == " " {
			continue
		}
		for k := max(0, i-around); k <= min(len(all)-1, i+around); k++ {
			shown[k] = true
		}
	}
	var some []line
	for i, l := range all {
		if shown[i] {
			some = append(some, l)
		} else if i > 0 && shown[i-1] && i < len(all)-1 {
			some = append(some, line{"…", ""})
		}
	}
	// What is left out at the end is not between two changes.
	if n := len(some); n > 0 && some[n-1].Sign == "…" {
		some = some[:n-1]
	}
	return some
}
