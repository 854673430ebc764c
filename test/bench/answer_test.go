package main

import (
	"strings"
	"testing"
)

const goodAnswer = "HTTP/1.1 200 OK\r\nServer: x\r\ncontent-LENGTH:  4\r\n\r\nbody"

// However the bytes come, the answer ends with its last one.
func TestAnswerInPieces(t *testing.T) {
	for size := 1; size <= len(goodAnswer); size++ {
		var a answer
		// Twice, as on a connection that is kept.
		for range 2 {
			a.reset()
			for at := 0; at < len(goodAnswer); at += size {
				end := min(at+size, len(goodAnswer))
				whole, err := a.take([]byte(goodAnswer[at:end]), 4)
				if err != nil || whole != (end == len(goodAnswer)) {
					t.Fatalf("pieces of %d: after %d bytes: %v, %v", size, end, whole, err)
				}
			}
		}
	}
}

func TestAnswerIsRefused(t *testing.T) {
	for _, c := range []struct{ answer, want string }{
		{strings.Replace(goodAnswer, "200 OK", "502 Bad", 1), "502 Bad"},
		{strings.Replace(goodAnswer, "  4", "  5", 1), "want a length of 4"},
		{strings.Replace(goodAnswer, "  4", "  x", 1), "want a length of 4"},
		{strings.Replace(goodAnswer, "content-LENGTH", "X", 1), "no Content-Length"},
		{goodAnswer + "y", "1 bytes more"},
		{strings.Repeat("x", maxHead+1), "more than 4096 bytes"},
	} {
		var a answer
		if _, err := a.take([]byte(c.answer), 4); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v, want %q", c.answer, err, c.want)
		}
	}
}
