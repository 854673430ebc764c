package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// FuzzParse feeds any bytes. A refused source has problems that are each one line, sorted, inside the file; an
// accepted one survives being written out and read back. In whatever is TOML, every path has a line.
func FuzzParse(f *testing.F) {
	f.Add([]byte(reference))
	f.Add([]byte(everyKey))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkLines(t, strings.TrimPrefix(string(data), "\ufeff"))
		c, err := Parse("f", data)
		if err != nil {
			checkRefusal(t, data, err)
			return
		}
		text, err := c.TOML()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse("f", text)
		if err != nil {
			t.Fatalf("written out it is refused: %v\n%s", err, text)
		}
		if !reflect.DeepEqual(back, c) {
			t.Fatalf("read back\n%+v\nwas\n%+v", back, c)
		}
	})
}

func checkLines(t *testing.T, source string) {
	t.Helper()
	at := locate(source)
	if at.deep > 0 || len(source) > maxSource || strings.HasPrefix(source, "\xff\xfe") || strings.HasPrefix(source, "\xfe\xff") {
		return // refused before the library sees it
	}
	tree, problem := parseTOML("f", source, at)
	if problem != nil {
		return
	}
	for _, path := range pathsOf("", tree) {
		if at.lines[path] == 0 {
			t.Errorf("%s has no line", path)
		}
	}
}

func checkRefusal(t *testing.T, data []byte, err error) {
	t.Helper()
	invalid, ok := errors.AsType[*InvalidError](err)
	if !ok || len(invalid.Problems) == 0 {
		t.Fatalf("error is a %T: %v", err, err)
	}
	last := 1
	for _, p := range invalid.Problems {
		text := p.String()
		if !strings.HasPrefix(text, fmt.Sprintf("f:%d: ", p.Line)) || strings.ContainsAny(text, "\n\r\x00\x1b") {
			t.Errorf("is not a clean line: %q", text)
		}
		if p.Line < last || p.Line > 1+strings.Count(string(data), "\n") {
			t.Errorf("line %d behind line %d, of %d lines", p.Line, last, 1+strings.Count(string(data), "\n"))
		}
		last = p.Line
	}
}
