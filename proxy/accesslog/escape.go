package accesslog

import (
	"unicode"
	"unicode/utf8"
)

// urlSafe reports whether a byte may stand in a URL of the log: visible ASCII
// but for what quotes or brackets one (RFC 3986, appendix C) and the backslash.
// A percent sign stays: what was encoded is not encoded twice.
func urlSafe(c byte) bool {
	return c > ' ' && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\'
}

const hexDigits = "0123456789ABCDEF"

// appendURL appends text, every byte that is not urlSafe as %XX.
func appendURL(dst, text []byte) []byte {
	from := 0
	for i, c := range text {
		if urlSafe(c) {
			continue
		}
		dst = append(dst, text[from:i]...)
		dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
		from = i + 1
	}
	return append(dst, text[from:]...)
}

// plain reports whether a byte needs no escape in JSON or RFC 5424.
func plain(c byte) bool {
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\' && c != ']'
}

// decode returns the first character of text and its length. A byte that is no
// UTF-8 is taken as ISO 8859-1, which is what field values were (RFC 9110, 5.5).
func decode(text []byte) (rune, int) {
	r, n := utf8.DecodeRune(text)
	if r == utf8.RuneError && n == 1 {
		return rune(text[0]), 1
	}
	return r, n
}

// appendEscaped appends text in characters that print, and hands every other
// one, and those that are not plain, to escape.
func appendEscaped(dst, text []byte, escape func(dst []byte, r rune) []byte) []byte {
	for len(text) > 0 {
		n := 0
		for n < len(text) && plain(text[n]) {
			n++
		}
		if n > 0 {
			dst, text = append(dst, text[:n]...), text[n:]
			continue
		}
		r, n := decode(text)
		text = text[n:]
		if r >= utf8.RuneSelf && unicode.IsPrint(r) {
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = escape(dst, r)
	}
	return dst
}

// clean is text as UTF-8, for a Go string that JSON gives back unchanged.
func clean(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	var b []byte
	for len(text) > 0 {
		r, n := decode(text)
		b, text = utf8.AppendRune(b, r), text[n:]
	}
	return string(b)
}
