package main

import (
	"bytes"
	"fmt"
	"strconv"
)

// answer takes one response with Content-Length apart, as its bytes come. It is
// far cheaper than net/http: what the load costs is taken from the proxies.
type answer struct {
	head []byte // kept from one answer to the next
	body int64  // of it still to come
	read bool   // the head is whole
}

// maxHead is more than any peer adds to what the origin sends.
const maxHead = 4096

// reset makes it ready for the next answer.
func (a *answer) reset() { a.head, a.body, a.read = a.head[:0], 0, false }

// take reads on; whole says that the answer has ended. It wants status 200 and
// a body of size bytes, and nothing behind it: nobody has asked for more.
func (a *answer) take(p []byte, size int64) (whole bool, err error) {
	if !a.read {
		before := len(a.head)
		a.head = append(a.head, p...)
		end := bytes.Index(a.head, []byte("\r\n\r\n"))
		switch {
		case end >= 0:
		case len(a.head) > maxHead:
			return false, fmt.Errorf("read head: more than %d bytes", maxHead)
		default:
			return false, nil
		}
		if err := checkHead(a.head[:end+2], size); err != nil {
			return false, err
		}
		p = p[end+4-before:]
		a.read, a.body = true, size
	}
	a.body -= int64(len(p))
	if a.body < 0 {
		return false, fmt.Errorf("read body: %d bytes more than %d", -a.body, size)
	}
	return a.body == 0, nil
}

// checkHead wants status 200 and the given length; each line ends in CRLF.
func checkHead(head []byte, size int64) error {
	line, rest, _ := bytes.Cut(head, []byte("\r\n"))
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("read head: %q, want status 200", line)
	}
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		if !bytes.EqualFold(name, []byte("Content-Length")) {
			continue
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
		if err != nil || n != size {
			return fmt.Errorf("read head: %q, want a length of %d", line, size)
		}
		return nil
	}
	return fmt.Errorf("read head: no Content-Length, want %d", size)
}
