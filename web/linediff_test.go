package web

import (
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	for name, c := range map[string]struct{ old, fresh, want string }{
		"the same":   {"a\nb\n", "a\nb\n", ""},
		"from none":  {"", "a\nb\n", "+a +b"},
		"to none":    {"a\nb\n", "", "-a -b"},
		"one line":   {"a\nb\nc\n", "a\nB\nc\n", " a -b +B  c"},
		"added":      {"a\nc\n", "a\nb\nc\n", " a +b  c"},
		"taken away": {"a\nb\nc\n", "a\nc\n", " a -b  c"},
		"no newline": {"a\nb", "a\nb\n", ""},
		"far apart":  {"x\n1\n2\n3\n4\n5\n6\n7\n8\ny\n", "X\n1\n2\n3\n4\n5\n6\n7\n8\nY\n", "-x +X  1  2  3 …  6  7  8 -y +Y"},
		"far behind": {"x\n1\n2\n3\n4\n5\n", "X\n1\n2\n3\n4\n5\n", "-x +X  1  2  3"},
		"far before": {"1\n2\n3\n4\n5\nx\n", "1\n2\n3\n4\n5\nX\n", " 3  4  5 -x +X"},
	} {
		var all []string
		for _, l := range diffOf(c.old, c.fresh) {
			all = append(all, l.Sign+l.Text)
		}
		if got := strings.Join(all, " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	// Too large for the table: everything goes, and everything comes.
	many := strings.Repeat("a\n", 3000)
	if got := diffOf("x\n"+many, "y\n"+strings.ReplaceAll(many, "a", "b")); len(got) != 6002 {
		t.Errorf("%d lines", len(got))
	}
}

// What is kept and taken away is the old text, what is kept and added the new one.
func FuzzDiff(f *testing.F) {
	f.Add("a\nb\nc", "a\nc\nd")
	f.Fuzz(func(t *testing.T, old, fresh string) {
		a, b := linesOf(old), linesOf(fresh)
		var before, after []string
		for _, l := range middle(a, b) {
			if l.Sign != "+" {
				before = append(before, l.Text)
			}
			if l.Sign != "-" {
				after = append(after, l.Text)
			}
		}
		if strings.Join(before, "\n") != strings.Join(a, "\n") || strings.Join(after, "\n") != strings.Join(b, "\n") {
			t.Errorf("%q to %q: %q and %q", old, fresh, before, after)
		}
	})
}
