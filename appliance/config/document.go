package config

import (
	"fmt"
	"slices"
)

// document is one reading of one source: where its keys stand and what was found wrong so far.
type document struct {
	name string
	*locations
	problems []Problem
}

// report files a problem with the key of the path.
func (d *document) report(path, format string, args ...any) {
	d.problems = append(d.problems, Problem{d.name, d.line(path), path, fmt.Sprintf(format, args...)})
}

// has reports whether the source names the key.
func (d *document) has(path string) bool {
	_, ok := d.lines[path]
	return ok
}

// sound reports whether none of the keys has a problem yet, so that a check across them makes sense. A key that is
// left out is sound.
func (d *document) sound(keys ...string) bool {
	return !slices.ContainsFunc(d.problems, func(p Problem) bool {
		// A problem with the table a key should be in is one with the key, too.
		return slices.ContainsFunc(keys, func(key string) bool { return within(p.Key, key) || within(key, p.Key) })
	})
}
