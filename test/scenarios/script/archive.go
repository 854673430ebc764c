package script

import "strings"

// section is one part of a scenario file.
type section struct {
	name  string // empty for what stands before the first marker
	line  int    // of the first line of its text, from 1
	lines []string
}

// split cuts a file in txtar form: sections, each below a line "-- name --".
func split(text string) []section {
	sections := []section{{line: 1}}
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if name, ok := marker(line); ok {
			sections = append(sections, section{name: name, line: i + 2})
			continue
		}
		last := &sections[len(sections)-1]
		last.lines = append(last.lines, line)
	}
	return sections
}

// marker reads a line that begins a section.
func marker(line string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(line, "-- ")
	if !ok {
		return "", false
	}
	name, ok = strings.CutSuffix(rest, " --")
	name = strings.TrimSpace(name)
	return name, ok && name != ""
}
