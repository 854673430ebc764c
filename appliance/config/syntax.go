package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/BurntSushi/toml"
)

// parseTOML turns the source into a tree, or explains why it is no TOML.
func parseTOML(name, source string, at *locations) (tree map[string]any, problem *Problem) {
	// The library panics where it thinks that its lexer cannot have got; a bad file must not end the supervisor.
	defer func() {
		if r := recover(); r != nil {
			problem = &Problem{name, 1, "", fmt.Sprintf("is no TOML: %s; mend its syntax", escape(fmt.Sprint(r)))}
		}
	}()
	_, err := toml.Decode(source, &tree)
	if err == nil {
		return tree, nil
	}
	// Decoding into a map has no other errors (v1.6.0). Should that change, the text is still worth more than nothing.
	parse, ok := errors.AsType[toml.ParseError](err)
	if !ok {
		return nil, &Problem{name, 1, "", fmt.Sprintf("is no TOML: %s; mend its syntax", escape(err.Error()))}
	}
	line := syntaxLine(parse.Position, source)
	// The library names a key that is defined already without array indices, and not where it was defined first.
	if key, ok := strings.CutSuffix(parse.Message, "' has already been defined."); ok {
		key = escape(strings.TrimPrefix(key, "Key '"))
		twice := setTwice(name, key, at.lines[key], line)
		for _, again := range at.twice { // the locator knows the element of an array, too
			if again.line == line {
				twice = setTwice(name, again.path, again.first, line)
			}
		}
		return nil, &twice
	}
	what := fmt.Sprintf("is no TOML: %s%s", escape(strings.TrimSuffix(parse.Message, ".")), mendSyntax(parse.Message))
	return nil, &Problem{name, line, escape(parse.LastKey), what}
}

// syntaxLine is the line of a position. Where the library tripped over a line break it may count that as the start of
// the next line; the user sees it as the end of the one before.
func syntaxLine(at toml.Position, source string) int {
	if at.Start < len(source) && source[at.Start] == '\n' {
		return 1 + strings.Count(source[:at.Start], "\n")
	}
	return max(at.Line, 1)
}

// setTwice is the problem of a key that has two values, or a table with two headers.
func setTwice(name, key string, first, line int) Problem {
	if first == 0 || first == line {
		return Problem{name, line, key, "is set twice; keep one"}
	}
	return Problem{name, line, key, fmt.Sprintf("is set twice, first in line %d; keep one", first)}
}

// mendSyntax adds a way to mend the slips that are made most. Most other messages say themselves what is expected; a
// message that a later version words differently only loses its hint, which the tests would show.
func mendSyntax(message string) string {
	switch {
	case strings.HasPrefix(message, `expected value but found "`):
		return `; put text in double quotes`
	case message == "strings cannot contain newlines":
		return "; close the string with a quote"
	case strings.HasPrefix(message, "expected a top-level item to end"):
		return "; write one key on a line"
	case strings.HasPrefix(message, "TOML files cannot contain control characters"),
		strings.HasPrefix(message, "invalid UTF-8 byte"):
		return "; save the file as UTF-8 text"
	case strings.HasPrefix(message, "invalid escape"):
		return `; write \\ for one backslash`
	}
	return ""
}

// escape keeps a text of the library on one line: it repeats what it found in the file, line breaks included.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}
