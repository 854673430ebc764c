package script

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
)

// item is a part of what is sent or expected: text that stands in the file, or
// a generated body.
type item struct {
	text []byte
	// size and seed are those of a generated body, size -1 for text.
	size int64
	seed uint64
}

func text(b []byte) item { return item{text: b, size: -1} }

// reader gives the item's bytes.
func (i item) reader() io.Reader {
	if i.size < 0 {
		return bytes.NewReader(i.text)
	}
	return Body(i.size, i.seed)
}

// length is how many bytes the item has.
func (i item) length() int64 {
	if i.size < 0 {
		return int64(len(i.text))
	}
	return i.size
}

// Body gives size bytes that are the same for the same seed and like no
// others.
func Body(size int64, seed uint64) io.Reader {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	return io.LimitReader(rand.NewChaCha8(key), size)
}

// items is all that one step sends or expects.
type items []item

func (list items) reader() io.Reader {
	readers := make([]io.Reader, len(list))
	for i, part := range list {
		readers[i] = part.reader()
	}
	return io.MultiReader(readers...)
}

func (list items) length() (n int64) {
	for _, part := range list {
		n += part.length()
	}
	return n
}

// join makes one text of neighbouring texts.
func (list items) join() items {
	var joined items
	for _, part := range list {
		if last := len(joined) - 1; part.size < 0 && last >= 0 && joined[last].size < 0 {
			joined[last].text = append(joined[last].text, part.text...)
			continue
		}
		if part.size < 0 {
			part.text = bytes.Clone(part.text)
		}
		joined = append(joined, part)
	}
	return joined
}

// unescape reads \r \n \t \0 \\ \" and \xHH.
func unescape(s string) ([]byte, error) {
	var b []byte
	for len(s) > 0 {
		c := s[0]
		if c != '\\' {
			b, s = append(b, c), s[1:]
			continue
		}
		if len(s) < 2 {
			return nil, errEscape
		}
		const letters, values = `rnt0\"`, "\r\n\t\x00\\\""
		if at := strings.IndexByte(letters, s[1]); at >= 0 {
			b, s = append(b, values[at]), s[2:]
			continue
		}
		if s[1] != 'x' || len(s) < 4 {
			return nil, errEscape
		}
		high, low := strings.IndexByte(hexDigits, s[2]|0x20), strings.IndexByte(hexDigits, s[3]|0x20)
		if high < 0 || low < 0 {
			return nil, errEscape
		}
		b, s = append(b, byte(high<<4|low)), s[4:]
	}
	return b, nil
}

const hexDigits = "0123456789abcdef"
