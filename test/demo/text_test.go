package main

import (
	"slices"
	"strings"
	"testing"
)

func TestAlign(t *testing.T) {
	got := align([][]string{{"", "head"}, {"größe", "1", "x"}, {"a", "12345", ""}})
	want := []string{"       head", "größe  1      x", "a      12345"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFill(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 5, []string{""}},
		{"one two three", 7, []string{"one two", "three"}},
		{"one  two\nthree", 6, []string{"one", "two", "three"}},
		{"a unbreakable b", 5, []string{"a", "unbreakable", "b"}},
		{"ää öö", 5, []string{"ää öö"}},
	} {
		if got := fill(c.text, c.width); !slices.Equal(got, c.want) {
			t.Errorf("fill %q to %d: got %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

func TestFold(t *testing.T) {
	for text, want := range map[string][]string{
		"": {""}, "abcd": {"abcd"}, "abcdefgh": {"abcd", "efg", "h"}, "äöüßß": {"äöüß", "ß"},
		"abc def": {"abc ", "def"}, "a bcdefg": {"a bc", "def", "g"}, "abcd e": {"abcd", " e"},
	} {
		if got := fold(text, 4, 3); !slices.Equal(got, want) {
			t.Errorf("fold %q: got %q, want %q", text, got, want)
		}
	}
}

func TestScreenIsPlainTextInItsColumns(t *testing.T) {
	var b strings.Builder
	s := &screen{out: &b}
	s.title("Title")
	s.say("%s", strings.Repeat("word ", 40))
	s.holds("%s", strings.Repeat("word ", 40))
	s.prompt("c1", "echo", "it's", "a b")
	s.output(strings.Repeat("x", 200) + "\r\n\n")
	s.suggest("why", "true")
	s.table([][]string{{"a", ""}})
	got := b.String()
	for _, want := range []string{"\nTitle\n-----\n", "\nok  word", "\n    word", "c1$ echo 'it'\\''s' 'a b'\n", "  # why\n  true\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	for line := range strings.Lines(got) {
		if line = strings.TrimSuffix(line, "\n"); len(line) > columns || strings.TrimRight(line, " ") != line || strings.Contains(line, "\x1b") {
			t.Errorf("line %q", line)
		}
	}
	s.colour = true
	s.holds("painted")
	if !strings.HasSuffix(b.String(), green+"ok"+plain+"  painted\n") {
		t.Error("a terminal gets no colour")
	}
}

func TestLastLines(t *testing.T) {
	for _, c := range []struct{ text, want string }{{"", ""}, {"a\nb\nc\n", "b\nc"}, {"a", "a"}} {
		if got := lastLines(c.text, 2); got != c.want {
			t.Errorf("last lines of %q: %q, want %q", c.text, got, c.want)
		}
	}
}
