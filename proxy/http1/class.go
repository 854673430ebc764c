package http1

import "encoding/binary"

// class is what a byte may be part of.
type class uint8

const (
	token  class = 1 << iota // tchar (RFC 9110, 5.6.2)
	target                   // request target, any form
	host                     // uri-host and port (RFC 3986, 3.2), without escapes
)

// classes tells the classes of each byte. A target may hold bytes above 0x7f,
// which RFC 3986 does not have and browsers send; it may not hold "#", where
// some recipients end it.
var classes = func() (t [256]class) { //nolint:gochecknoglobals // a constant table, read for every byte
	const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	mark := func(chars string, c class) {
		for i := range len(chars) {
			t[chars[i]] |= c
		}
	}
	mark(alphanumeric, token|host)
	mark("!#$%&'*+-.^_`|~", token)
	mark("-._~!$&'()*+,;=:[]", host)
	for c := 0x21; c < 0x100; c++ {
		if c != 0x7f && c != '#' {
			t[c] |= target
		}
	}
	return t
}()

func all(b []byte, c class) bool {
	for _, x := range b {
		if classes[x]&c == 0 {
			return false
		}
	}
	return true
}

// plain is how many bytes at the start of b, in steps of 8, hold no control
// character. It looks at eight at once: a byte below 0x20 borrows, one that is
// 0x7f becomes 0 and borrows.
func plain(b []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b); i += 8 {
		v := binary.LittleEndian.Uint64(b[i:])
		del := v ^ 0x7f*ones
		if ((v-0x20*ones)&^v|(del-ones)&^del)&tops != 0 {
			break
		}
	}
	return i
}

// same compares b with lower, which is in lower case, without regard to case.
// b holds no control characters, so that "-" has no other form.
func same(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, x := range b {
		if 'A' <= x && x <= 'Z' {
			x |= 0x20
		}
		if x != lower[i] {
			return false
		}
	}
	return true
}

// trim takes optional white space off both ends (RFC 9110, 5.6.3).
func trim(b []byte) []byte { return trimRight(trimLeft(b)) }

func trimLeft(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return b
}

func trimRight(b []byte) []byte {
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }
