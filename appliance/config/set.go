package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// span is where a value stands in a source: bytes from start to end.
type span struct{ start, end int }

func (s span) of(source string) string { return source[s.start:s.end] }

// errByHand says that a source is written in a way that Set does not know.
var errByHand = errors.New("this file is written in a way that a form cannot edit: edit it as TOML")

// Set gives one key another value, as TOML has it, in the text of a configuration, and leaves all else of the text as
// it stands, comments too. The value need not be a valid one: Parse of the result says so. What would change anything
// else is refused.
func Set(source, path, value string) (string, error) {
	section, key, ok := strings.Cut(path, ".")
	if !ok || !slices.ContainsFunc(Keys(), func(k Key) bool { return k.Path == path }) {
		return "", fmt.Errorf("set %s: there is no such key", quote(path))
	}
	tree, problem := parseTOML("limpid.toml", source, locate(source))
	if problem != nil {
		return "", invalid([]Problem{*problem})
	}
	fresh := put(source, section, key, strings.TrimSpace(value))
	after, problem := parseTOML("limpid.toml", fresh, locate(fresh))
	if problem != nil {
		return "", fmt.Errorf("set %s to %s: this is no value of TOML; put text in double quotes, a list in square brackets", path, quote(value))
	}
	if !sameBut(tree, after, section, key) {
		return "", fmt.Errorf("set %s: %w", path, errByHand)
	}
	return fresh, nil
}

// put writes the value where the key stands, or where it should.
func put(source, section, key, value string) string {
	at := locate(source)
	path := join(section, key)
	if s, ok := at.spans[path]; ok {
		return source[:s.start] + value + source[s.end:]
	}
	assignment := key + " = " + value + "\n"
	switch header, ok := at.headers[section]; {
	case ok:
		return source[:header] + "\n" + strings.TrimSuffix(assignment, "\n") + source[header:]
	case at.lines[section] != 0:
		return section + "." + assignment + source // its keys have the section before a dot, above all tables
	case source == "" || strings.HasSuffix(source, "\n"):
		return source + "\n[" + section + "]\n" + assignment
	}
	return source + "\n\n[" + section + "]\n" + assignment
}

// sameBut reports whether two trees differ at most in one key of one section.
func sameBut(before, after map[string]any, section, key string) bool {
	keysOfBoth := func(a, b map[string]any) map[string]bool {
		all := make(map[string]bool)
		for k := range a {
			all[k] = true
		}
		for k := range b {
			all[k] = true
		}
		return all
	}
	for name := range keysOfBoth(before, after) {
		if name != section {
			if literal(before[name]) != literal(after[name]) {
				return false
			}
			continue
		}
		old, isTable := before[name].(map[string]any)
		fresh, stays := after[name].(map[string]any)
		if before[name] != nil && !isTable || !stays {
			return false
		}
		for k := range keysOfBoth(old, fresh) {
			if k != key && literal(old[k]) != literal(fresh[k]) {
				return false
			}
		}
	}
	return true
}
