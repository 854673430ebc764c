package config

import (
	"strconv"
	"strings"
)

// A key path is a key as problems print it and as the locator files it: intercept.bypass[0].client. Parts that TOML
// would not take bare are quoted, so a path has no line breaks and means one key only.

// join appends the key part to a path; an empty path is the top of the file.
func join(path, part string) string {
	if !isBare(part) {
		part = strconv.Quote(part)
	}
	if path == "" {
		return part
	}
	return path + "." + part
}

// element appends the index of an array to a path.
func element(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// parent cuts the last part or index off; the parent of a first part is "".
func parent(path string) string { return path[:max(strings.LastIndexAny(path, ".["), 0)] }

// within reports whether path is key, or something inside it.
func within(path, key string) bool {
	rest, ok := strings.CutPrefix(path, key)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// isBare reports whether TOML takes the key part without quotes.
func isBare(part string) bool {
	for i := range len(part) {
		if !isBareByte(part[i]) {
			return false
		}
	}
	return part != ""
}

// isBareByte: A-Za-z0-9_- (TOML 1.0, "Keys").
func isBareByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}

// maxQuoted bounds how much of a wrong value is repeated in a problem, in bytes.
const maxQuoted = 80

// quote puts what the user wrote into a problem: escaped, so that it cannot break the line, and not too long.
func quote(s string) string {
	if len(s) > maxQuoted {
		return strconv.Quote(strings.ToValidUTF8(s[:maxQuoted], "")) + "..."
	}
	return strconv.Quote(s)
}
