package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// tail is the last lines of a text.
func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// firstLine is the first line that has some words.
func firstLine(text, words string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, words) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// release is the kernel's.
func release() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(name.Release[:])
}

// writeFootprints gives a table of what limpid held.
func writeFootprints(w io.Writer, before, after footprint) {
	fmt.Fprintln(w, "| limpid holds | after the warm-up | after the soak |")
	fmt.Fprintln(w, "|---|---:|---:|")
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] != 0 || after[name] != 0 {
			fmt.Fprintf(w, "| %s | %d | %d |\n", name, before[name], after[name])
		}
	}
}
