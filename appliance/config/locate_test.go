package config

import (
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
)

func TestLocate(t *testing.T) {
	tests := []struct {
		name, source string
		want         map[string]int
	}{
		{"keys of a table", "# c\n[a]\n\nx = 1 # [b]\ny=2\n", map[string]int{"a": 2, "a.x": 4, "a.y": 5}},
		{"CRLF", "[a]\r\nx = 1\r\ny = 2\r\n", map[string]int{"a": 1, "a.x": 2, "a.y": 3}},
		{"no newline at the end", "x = 1\ny = 2", map[string]int{"x": 1, "y": 2}},
		{"dotted", "a.b.c = 1\n a . b . d = 2\n", map[string]int{"a": 1, "a.b": 1, "a.b.c": 1, "a.b.d": 2}},
		{"header dotted", "[ a . b ]\nc = 1\n[a]\nd = 1\n", map[string]int{"a": 1, "a.b": 1, "a.b.c": 2, "a.d": 4}},
		{"array over lines", "a = [\n 1, # ]\n\n 2,\n]\nb = 1\n", map[string]int{"a": 1, "a[0]": 2, "a[1]": 4, "b": 6}},
		{"arrays in arrays", "a = [[1,\n2], [ ],\n[3]]\n", map[string]int{"a": 1, "a[0]": 1, "a[0][0]": 1, "a[0][1]": 2, "a[1]": 2, "a[2]": 3, "a[2][0]": 3}},
		{"inline tables", "a = [{x = 1, y.z = 2},\n {x = \"}\"}]\nb = {}\n", map[string]int{"a": 1, "a[0]": 1, "a[0].x": 1, "a[0].y": 1, "a[0].y.z": 1, "a[1]": 2, "a[1].x": 2, "b": 3}},
		{"inline table over lines", "a = {\n x = 1,\n # y = 1\n z = [\n2],\n}\nb = 1\n", map[string]int{"a": 1, "a.x": 2, "a.z": 4, "a.z[0]": 5, "b": 7}},
		{"tables of an array", "[[a]]\nx = 1\n[[a]]\nx = 2\n[a.b]\ny = 3\n[[a.c]]\nz = 4\n", map[string]int{"a": 1, "a[0]": 1, "a[0].x": 2, "a[1]": 3, "a[1].x": 4, "a[1].b": 5, "a[1].b.y": 6, "a[1].c": 7, "a[1].c[0]": 7, "a[1].c[0].z": 8}},
		{"basic string", "a = \"# \\\" [x]\\\\\"\nb = 1\n", map[string]int{"a": 1, "b": 2}},
		{"literal string", "a = '# \\'\nb = 1\n", map[string]int{"a": 1, "b": 2}},
		{"long basic string", "a = \"\"\"\nx = 1\n\\\"\"\" \\\n\"\" \"\"\"\"\"\nb = 1\n", map[string]int{"a": 1, "b": 5}},
		{"long literal string", "a = '''\nx = 1 \\\n''  '''''\nb = 1\n", map[string]int{"a": 1, "b": 4}},
		{"empty strings", "a = \"\"\nb = ''\nc = \"\"\"\"\"\"\nd = ''''''\ne = 1\n", map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}},
		{"quoted keys", "\"a.b\" = 1\n'c d'.\"e\\u0041\" = 2\n\"\" = 3\n\"\\xE9\\e\\\"\" = 4\n", map[string]int{`"a.b"`: 1, `"c d"`: 2, `"c d".eA`: 2, `""`: 3, `"é\x1b\""`: 4}},
		{"scalars", "a = 1979-05-27 07:32:00Z\nb = [1.5e3, inf, true]\n", map[string]int{"a": 1, "b": 2, "b[0]": 2, "b[1]": 2, "b[2]": 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var tree map[string]any
			if _, err := toml.Decode(tt.source, &tree); err != nil {
				t.Fatalf("the case is no TOML: %v", err)
			}
			if diff := cmp.Diff(tt.want, locate(tt.source).lines); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLocateEveryPath holds the locator against the library: every path of the tree has a line of its own.
func TestLocateEveryPath(t *testing.T) {
	var tree map[string]any
	if _, err := toml.Decode(reference, &tree); err != nil {
		t.Fatal(err)
	}
	at := locate(reference)
	for _, path := range pathsOf("", tree) {
		if at.lines[path] == 0 {
			t.Errorf("%s has no line", path)
			continue
		}
		// The line of a key begins with it; in the reference that is so for tables and keys alike.
		line := strings.Split(reference, "\n")[at.lines[path]-1]
		name, _, _ := strings.Cut(path[strings.LastIndex(path, ".")+1:], "[")
		if !strings.HasPrefix(strings.TrimLeft(line, "["), name) {
			t.Errorf("%s is said to be in line %d, which is %q", path, at.lines[path], line)
		}
	}
}

// pathsOf lists the key paths in a value.
func pathsOf(path string, v any) []string {
	var paths []string
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			paths = append(paths, join(path, key))
			paths = append(paths, pathsOf(join(path, key), inner)...)
		}
	case []any:
		for i, inner := range v {
			paths = append(paths, element(path, i))
			paths = append(paths, pathsOf(element(path, i), inner)...)
		}
	case []map[string]any:
		for i, inner := range v {
			paths = append(paths, element(path, i))
			paths = append(paths, pathsOf(element(path, i), inner)...)
		}
	}
	return paths
}

func TestLineFallsBack(t *testing.T) {
	at := locate("\n[a]\nb = [1]\n")
	for path, want := range map[string]int{"a.b[0]": 3, "a.b[1]": 3, "a.c": 2, "a.c[3].d": 2, "z": 1, "": 1} {
		if got := at.line(path); got != want {
			t.Errorf("line of %q is %d, want %d", path, got, want)
		}
	}
}
