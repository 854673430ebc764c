package kmod

import "strings"

// match says whether a pattern of modules.alias matches all of text: * is any
// text, ? any character, [ab-d] one of some (fnmatch(3); path.Match would stop
// a * at a slash, which DMI aliases may hold).
func match(pattern, text string) bool {
	// Where to go on after a mismatch: the last * seen, and how much of text it took.
	star, taken := -1, 0
	p, t := 0, 0
	for t < len(text) {
		if p < len(pattern) && pattern[p] == '*' {
			star, taken = p, t
			p++
			continue
		}
		if width, ok := matchOne(pattern[min(p, len(pattern)):], text[t]); ok {
			p += width
			t++
			continue
		}
		if star < 0 {
			return false
		}
		taken++
		p, t = star+1, taken
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchOne matches one character, and says how long the pattern for it is.
func matchOne(pattern string, c byte) (width int, ok bool) {
	switch {
	case pattern == "":
		return 0, false
	case pattern[0] == '?':
		return 1, true
	case pattern[0] == '[':
		end := strings.IndexByte(pattern, ']')
		if end < 0 {
			return 1, c == '['
		}
		return end + 1, inSet(pattern[1:end], c)
	}
	return 1, pattern[0] == c
}

func inSet(set string, c byte) bool {
	for i := 0; i < len(set); i++ {
		if i+2 < len(set) && set[i+1] == '-' {
			if set[i] <= c && c <= set[i+2] {
				return true
			}
			i += 2
			continue
		}
		if set[i] == c {
			return true
		}
	}
	return false
}
