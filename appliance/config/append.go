package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Append adds values, as TOML has them, to the end of one key's list in the text of a configuration, and leaves all else
// of the text as it stands, comments inside the list too. A key that is not there begins with its default. The values
// need not be valid ones: Parse of the result says so. What would change anything else is refused.
func Append(source, path string, values ...string) (string, error) {
	section, key, _ := strings.Cut(path, ".")
	at := slices.IndexFunc(Keys(), func(k Key) bool { return k.Path == path })
	if at < 0 {
		return "", fmt.Errorf("add to %s: there is no such key", quote(path))
	}
	empty := Keys()[at].Default
	if !strings.HasPrefix(empty, "[") {
		return "", fmt.Errorf("add to %s: it is no list", path)
	}
	for _, value := range values {
		tree, problem := parseTOML("limpid.toml", source, locate(source))
		if problem != nil {
			return "", invalid([]Problem{*problem})
		}
		item, problem := parseTOML("limpid.toml", "v = "+value, &locations{})
		if problem != nil || len(item) != 1 || strings.ContainsAny(value, "#\r\n") {
			return "", fmt.Errorf("add %s to %s: this is no value of TOML", quote(value), path)
		}
		fresh, want, err := appended(source, path, empty, value, item["v"], valueIn(tree, section, key))
		if err != nil {
			return "", err
		}
		after, problem := parseTOML("limpid.toml", fresh, locate(fresh))
		if problem != nil || !sameBut(tree, after, section, key) || literal(valueIn(after, section, key)) != want {
			return "", fmt.Errorf("add to %s: %w", path, errByHand)
		}
		source = fresh
	}
	return source, nil
}

// valueIn is what a section says of a key, nil for nothing.
func valueIn(tree map[string]any, section, key string) any {
	table, _ := tree[section].(map[string]any)
	return table[key]
}

// appended is the source with one value more, and what the list must then be.
func appended(source, path, empty, value string, item, old any) (fresh, want string, err error) {
	tail := func(list string) string {
		if body := strings.TrimSuffix(list, "]"); body != "[" {
			return body + ", " + literal(item) + "]"
		}
		return "[" + literal(item) + "]"
	}
	at, written := locate(source).spans[path]
	switch old := old.(type) {
	case nil:
		fresh, err = Set(source, path, tail(empty))
		return fresh, tail(empty), err
	case []any:
		want = tail(literal(old))
	case []map[string]any:
		want = tail(literal(old))
		if row, ok := item.(map[string]any); ok && !written {
			return appendTable(source, path, row), want, nil
		}
	}
	if want == "" || !written {
		return "", "", fmt.Errorf("add to %s: %w", path, errByHand)
	}
	return source[:at.start] + appendItem(at.of(source), value) + source[at.end:], want, nil
}

// appendTable adds a table of an array of them, at the end of the source.
func appendTable(source, path string, row map[string]any) string {
	var b strings.Builder
	b.WriteString(source)
	if !strings.HasSuffix(source, "\n") {
		b.WriteString("\n")
	}
	b.WriteString("\n[[" + path + "]]\n")
	for _, key := range slices.Sorted(maps.Keys(row)) {
		b.WriteString(join("", key) + " = " + literal(row[key]) + "\n")
	}
	return b.String()
}

// appendItem adds an item to an array: on a line of its own where the closing bracket has one.
func appendItem(array, value string) string {
	l := &locator{src: array, lineNo: 1, elements: map[string]int{}}
	l.lines, l.spans, l.headers = map[string]int{}, map[string]span{}, map[string]int{}
	last, comma := 0, true // the end of the last item, and whether a comma follows
	l.take("[")
	for l.blank(); l.pos < len(array) && !l.next(']'); l.blank() {
		start := l.pos
		l.value("")
		last = len(strings.TrimRight(array[:l.pos], " \t\r\n"))
		l.blank()
		if comma = l.take(","); l.pos == start {
			break
		}
	}
	closing := len(array) - 1
	line := strings.LastIndexByte(array, '\n') + 1
	if line == 0 || strings.TrimLeft(array[line:closing], " \t") != "" {
		switch {
		case last == 0:
			return array[:closing] + value + "]"
		case comma:
			return strings.TrimRight(array[:closing], " \t") + " " + value + "]"
		}
		return array[:last] + ", " + value + array[last:]
	}
	indent, end := array[line:closing]+"    ", "\n"
	if strings.HasSuffix(array[:line], "\r\n") {
		end = "\r\n"
	}
	if last > 0 {
		own := array[strings.LastIndexByte(array[:last], '\n')+1 : last]
		if blank := own[:len(own)-len(strings.TrimLeft(own, " \t"))]; strings.Contains(array[:last], "\n") {
			indent = blank
		}
	}
	before := array[:line]
	if !comma {
		before = array[:last] + "," + array[last:line]
	}
	return before + indent + value + "," + end + array[line:]
}
