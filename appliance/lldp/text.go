package lldp

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestShown is how long a text becomes at most, in characters.
const longestShown = 200

// safe makes text of what a stranger has sent: what is no UTF-8, and what is no
// character to be seen (control characters, those that turn the direction of a text,
// places kept for private use), becomes U+FFFD, any white space one space; nothing of
// either stays at an end.
func safe(b []byte) string {
	var out strings.Builder
	count, space := 0, false
	for _, r := range strings.TrimRight(string(b), "\x00") {
		if unicode.IsSpace(r) {
			space = out.Len() > 0
			continue
		}
		if count >= longestShown {
			out.WriteString("...")
			break
		}
		if space {
			out.WriteByte(' ')
			count, space = count+1, false
		}
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		out.WriteRune(r)
		count++
	}
	return out.String()
}

// printable says that an ID is meant to be read by people.
func printable(b []byte) bool {
	text := strings.TrimRight(string(b), "\x00")
	if strings.TrimSpace(text) == "" || !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
