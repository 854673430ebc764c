package config

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// table reads the values of one TOML table. Each method leaves its target alone when the key is not in the table, and
// reports a problem and leaves it alone when the value will not do.
type table struct {
	doc    *document
	path   string
	values map[string]any
}

// key is the path of a key of the table.
func (t *table) key(name string) string { return join(t.path, name) }

// flag reads true or false.
func (t *table) flag(name string, to *bool) {
	v, ok := t.values[name]
	if !ok {
		return
	}
	if b, ok := v.(bool); ok {
		*to = b
		return
	}
	t.doc.report(t.key(name), "must be true or false, not %s; write %s = true or %s = false", kind(v), name, name)
}

// text reads a string and hands it to accept, which takes it or returns what is wrong with it.
func (t *table) text(name string, accept func(string) error) {
	if v, ok := t.values[name]; ok {
		t.doc.text(t.key(name), v, accept)
	}
}

// texts reads an array of strings, and hands each to accept. It reports whether the key is there and is an array.
func (t *table) texts(name string, accept func(string) error) bool {
	items, ok := t.list(name)
	for i, v := range items {
		t.doc.text(element(t.key(name), i), v, accept)
	}
	return ok
}

// text hands the value at path to accept if it is a string.
func (d *document) text(path string, v any, accept func(string) error) {
	s, ok := v.(string)
	if !ok {
		d.report(path, "must be a string, not %s; %s", kind(v), mendString(v))
		return
	}
	if err := accept(s); err != nil {
		d.report(path, "%v", err)
	}
}

// list reads an array of anything, and reports whether the key is there and is one.
func (t *table) list(name string) ([]any, bool) {
	switch v := t.values[name].(type) {
	case nil:
		return nil, false
	case []any:
		return v, true
	case []map[string]any: // the library's type for [[tables]], and for arrays of nothing but inline tables
		items := make([]any, len(v))
		for i := range v {
			items[i] = v[i]
		}
		return items, true
	default:
		t.doc.report(t.key(name), "must be an array, not %s; put its values in [ ]", kind(v))
		return nil, false
	}
}

// word reads a string that is one of a few. Case counts, as everywhere in TOML.
func word[T ~string](t *table, name string, to *T, choices ...T) {
	t.text(name, func(s string) error {
		if !slices.Contains(choices, T(s)) {
			return fmt.Errorf("%s is not known; use %s", quote(s), alternatives(choices))
		}
		*to = T(s)
		return nil
	})
}

// number reads an integer from low to high. The range is checked on TOML's 64 bits, so that nothing wraps around.
func number[T ~int | ~uint16](t *table, name string, low, high T, to *T) {
	v, ok := t.values[name]
	if !ok {
		return
	}
	if n, ok := inRange(t.doc, t.key(name), v, low, high); ok {
		*to = n
	}
}

// numbers reads an array of different integers from low to high. It reports whether the key is there and is an array.
func numbers(t *table, name string, low, high uint16, to *[]uint16) bool {
	items, ok := t.list(name)
	if !ok {
		return false
	}
	*to = make([]uint16, 0, len(items))
	first := map[uint16]int{}
	for i, v := range items {
		path := element(t.key(name), i)
		n, ok := inRange(t.doc, path, v, low, high)
		if !ok {
			continue
		}
		if at, ok := first[n]; ok {
			t.doc.report(path, "%d is named twice, first in %s; keep one", n, element(t.key(name), at))
			continue
		}
		first[n] = i
		*to = append(*to, n)
	}
	return true
}

// inRange returns the value at path if it is an integer from low to high.
func inRange[T ~int | ~uint16](d *document, path string, v any, low, high T) (T, bool) {
	n, ok := v.(int64)
	if !ok {
		d.report(path, "must be an integer, not %s; write a whole number from %d to %d, without quotes", kind(v), low, high)
		return 0, false
	}
	if n < int64(low) || n > int64(high) {
		d.report(path, "%d is out of range; use %d to %d", n, low, high)
		return 0, false
	}
	return T(n), true
}

// size reads a size in bytes: a string with a unit, or an integer.
func (t *table) size(name string, to *Size) {
	switch v := t.values[name].(type) {
	case nil:
	case int64:
		if v < 0 {
			t.doc.report(t.key(name), "%d is negative; use 0 or more", v)
			return
		}
		*to = Size(v)
	case string:
		n, err := ParseSize(v)
		if err != nil {
			t.doc.report(t.key(name), "%v", err)
			return
		}
		*to = n
	default:
		t.doc.report(t.key(name), `must be a size, not %s; write it like "256MiB"`, kind(v))
	}
}

// duration reads a duration from low to high, a string with a unit.
func (t *table) duration(name string, low, high time.Duration, to *time.Duration) {
	v, ok := t.values[name]
	if !ok {
		return
	}
	s, ok := v.(string)
	if !ok {
		t.doc.report(t.key(name), `must be a duration, not %s; write it in quotes with a unit, like "250ms"`, kind(v))
		return
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		t.doc.report(t.key(name), `%s is not a duration; write a number with ms or s, like "250ms"`, quote(s))
	case d < low || d > high:
		t.doc.report(t.key(name), "%s is out of range; use %s to %s", quote(s), brief(low), brief(high))
	default:
		*to = d
	}
}

// deadline reads a duration from low to high, or 0, which is none.
func (t *table) deadline(name string, low, high time.Duration, to *time.Duration) {
	d := *to
	t.duration(name, math.MinInt64, math.MaxInt64, &d)
	if d != 0 && (d < low || d > high) {
		t.doc.report(t.key(name), `%s is out of range; use %s to %s, or "0" for none`, quote(brief(d)), brief(low), brief(high))
		return
	}
	*to = d
}

// kind names the TOML type of a value.
func kind(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case bool:
		return "a boolean"
	case time.Time:
		return "a date or time"
	case []any, []map[string]any:
		return "an array"
	default:
		return "a table"
	}
}

// mendString says how to make a string of a value that is none.
func mendString(v any) string {
	switch v.(type) {
	case []any, []map[string]any:
		return "write one value, without [ ]"
	case map[string]any:
		return "write one value, without { }"
	default:
		return "put it in double quotes"
	}
}

// alternatives lists choices: "a", "b" or "c".
func alternatives[T ~string](choices []T) string {
	var b strings.Builder
	for i, c := range choices {
		switch {
		case i == 0:
		case i == len(choices)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(quote(string(c)))
	}
	return b.String()
}
