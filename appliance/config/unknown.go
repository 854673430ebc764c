package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// keysOf lists the keys of a table from the toml tags of its struct, in their order.
func keysOf(table reflect.Type) []string {
	var keys []string
	for field := range table.Fields() {
		if key, _, _ := strings.Cut(field.Tag.Get("toml"), ","); key != "-" {
			keys = append(keys, key)
		}
	}
	return keys
}

// sectionsWith names the sections that have the key: "[cache] or [log]", or "".
func sectionsWith(key string) string {
	var with []string
	for section := range reflect.TypeFor[Config]().Fields() {
		if slices.Contains(keysOf(section.Type), key) {
			with = append(with, "["+section.Tag.Get("toml")+"]")
		}
	}
	return strings.Join(with, " or ")
}

// refuseUnknown reports the keys of the table that its struct has no tag for.
func refuseUnknown(t *table, schema reflect.Type) {
	known := keysOf(schema)
	for _, key := range slices.Sorted(maps.Keys(t.values)) {
		if slices.Contains(known, key) {
			continue
		}
		what := "unknown key"
		if _, ok := t.values[key].(map[string]any); ok {
			what = "unknown table"
		}
		if near := nearest(key, known); near != "" {
			t.doc.report(t.key(key), "%s; did you mean %q?", what, near)
		} else if with := sectionsWith(key); with != "" {
			t.doc.report(t.key(key), "%s; it belongs in %s", what, with)
		} else {
			t.doc.report(t.key(key), "%s; known here: %s", what, strings.Join(known, ", "))
		}
	}
}

// nearest returns the known key that is most likely meant, or "".
func nearest(key string, known []string) string {
	key = strings.ReplaceAll(strings.ToLower(key), "-", "_")
	best, least := "", 0
	for _, k := range known {
		// One slip, and one more for every four letters. Keys that differ more in length cannot be that near.
		limit := 1 + len(k)/4
		if max(len(key)-len(k), len(k)-len(key)) > limit {
			continue
		}
		if d := distance(key, k); d <= limit && (best == "" || d < least) {
			best, least = k, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two keys, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
