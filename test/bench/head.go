package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// readHead reads a response's head, wants 200 and the given Content-Length,
// and returns how many bytes of body it has read along.
func readHead(conn io.Reader, size int64) (early int64, err error) {
	// Not through a bufio.Reader: it would read on into the body, which is to
	// stay in the socket.
	buf, filled := make([]byte, 4096), 0
	for {
		n, err := conn.Read(buf[filled:])
		if n == 0 && err != nil {
			return 0, fmt.Errorf("read head: %w", err)
		}
		filled += n
		if end := bytes.Index(buf[:filled], []byte("\r\n\r\n")); end >= 0 {
			early = int64(filled - end - 4)
			break
		}
		if filled == len(buf) {
			return 0, fmt.Errorf("read head: more than %d bytes", len(buf))
		}
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(buf[:filled])), nil)
	if err != nil {
		return 0, fmt.Errorf("read head: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.ContentLength != size {
		return 0, fmt.Errorf("read head: status %d with %d bytes, want 200 with %d", resp.StatusCode, resp.ContentLength, size)
	}
	return early, nil
}
