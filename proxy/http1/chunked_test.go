package http1

import (
	"strings"
	"testing"
)

// chunkedCases are bodies with what must come of them, by the clause of RFC
// 9112 that decides.
func chunkedCases() []chunkedCase {
	return []chunkedCase{
		{"7.1", "one chunk", "3\r\nabc\r\n0\r\n\r\n", -1, OK},
		{"7.1", "empty", "0\r\n\r\n", -1, OK},
		{"7.1", "last chunk of many zeros", "000\r\n\r\n", -1, OK},
		{"7.1", "next message behind it", "1\r\nx\r\n0\r\n\r\nGET /", 11, OK},
		{"7.1", "both cases of digits", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", -1, OK},
		{"7.1", "data that looks like framing", "7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n", -1, OK},
		{"7.1", "incomplete size", "3", -1, More},
		{"7.1", "incomplete data", "3\r\nab", -1, More},
		{"7.1", "incomplete end", "0\r\n\r", -1, More},
		{"7.1", "no size", "\r\nabc", 0, BadChunk},
		{"7.1", "size is no number", "x\r\n", 0, BadChunk},
		{"7.1", "negative size", "-1\r\n", 0, BadChunk},
		{"7.1", "0x before size", "0x3\r\nabc", 1, BadChunk},
		{"7.1", "space before size", " 3\r\nabc", 0, BadChunk},
		{"7.1", "space behind size", "3 \r\nabc", 1, BadChunk},
		{"7.1", "15 digits", "00000000000003f\r\n", -1, More},
		{"7.1", "16 digits", "0000000000000003\r\nabc", 15, ChunkTooLarge},
		{"7.1", "size that overflows", "FFFFFFFFFFFFFFFFF\r\n", 15, ChunkTooLarge},
		{"7.1", "bare LF behind size", "3\nabc\r\n", 1, BareLF},
		{"7.1", "bare CR behind size", "3\rabc\r\n", 2, BareCR},
		{"7.1", "data longer than size", "3\r\nabcd\r\n", 6, BadChunk},
		{"7.1", "LF behind data", "3\r\nabc\n0\r\n\r\n", 6, BadChunk},
		{"7.1", "CR x behind data", "3\r\nabc\rx", 7, BadChunk},
		{"7.1.1", "extension", "3;a\r\nabc\r\n0\r\n\r\n", -1, OK},
		{"7.1.1", "extension with value", "3;a=b;c=\"d;e\"\r\nabc\r\n0;x\r\n\r\n", -1, OK},
		{"7.1.1", "white space in extension", "3;\t a = b\r\nabc\r\n0\r\n\r\n", -1, OK},
		{"7.1.1", "white space before extension", "3 ;a\r\nabc\r\n0\r\n\r\n", 1, BadChunk},
		{"7.1.1", "empty extension", "3;\r\nabc\r\n", 2, BadChunk},
		{"7.1.1", "bare LF in extension", "3;a\nb\r\nabc\r\n", 3, BareLF},
		{"7.1.1", "NUL in extension", "3;a\x00\r\n", 3, NUL},
		{"7.1.1", "control in extension", "3;a\x01\r\n", 3, Control},
		{"7.1.1", "extension of 4000 bytes", "3;" + strings.Repeat("x", 3997) + "\r\nabc\r\n0\r\n\r\n", -1, OK},
		{"7.1.1", "extension beyond the limit", "3;" + strings.Repeat("x", 3999) + "\r\n", 4000, ChunkLineTooLong},
		{"7.1.2", "trailers", "0\r\nA: b\r\nC:\r\n\r\n", -1, OK},
		{"7.1.2", "next message behind trailers", "0\r\nA: b\r\n\r\nHTTP/1.1", 11, OK},
		{"7.1.2", "bare LF in trailer", "0\r\nA: b\n\r\n", 7, BareLF},
		{"7.1.2", "bare CR in trailer", "0\r\nA: b\rc\r\n", 8, BareCR},
		{"7.1.2", "folded trailer", "0\r\nA: b\r\n c\r\n\r\n", 9, Fold},
		{"7.1.2", "space before colon", "0\r\nA : b\r\n\r\n", 4, SpaceBeforeColon},
		{"7.1.2", "no colon", "0\r\nfoo\r\n\r\n", 6, BadName},
		{"7.1.2", "empty name", "0\r\n: b\r\n\r\n", 3, BadName},
		{"7.1.2", "name is no token", "0\r\nA@: b\r\n\r\n", 4, BadName},
		{"7.1.2", "NUL in trailer", "0\r\nA: \x00\r\n\r\n", 6, NUL},
		{"7.1.2", "CR x at the end", "0\r\n\rx", 4, BareCR},
		{"7.1.2", "trailers beyond the limit", "0\r\n" + strings.Repeat("A: bcdef\r\n", 4000), 3 + trailerLimit, TrailerTooLarge},
	}
}

type chunkedCase struct {
	clause, name string
	body         string
	used         int // -1: all
	reason       Reason
}

func TestChunkedByClause(t *testing.T) {
	for _, c := range chunkedCases() {
		t.Run(clauseName(c.clause)+": "+c.name, func(t *testing.T) {
			want := c.used
			if want < 0 {
				want = len(c.body)
			}
			var whole Chunked
			n, reason := whole.Advance([]byte(c.body))
			if n != want || reason != c.reason {
				t.Fatalf("%d, %v; want %d, %v", n, reason, want, c.reason)
			}
			for step := 1; step < 4; step++ {
				if n, reason := advanceBy([]byte(c.body), step); n != want || reason != c.reason {
					t.Fatalf("in steps of %d: %d, %v; want %d, %v", step, n, reason, want, c.reason)
				}
			}
		})
	}
}

// advanceBy shows a body in steps.
func advanceBy(body []byte, step int) (n int, reason Reason) {
	var c Chunked
	reason = More
	for n < len(body) && reason == More {
		var used int
		used, reason = c.Advance(body[n:min(n+step, len(body))])
		n += used
	}
	return n, reason
}

func TestUnseenSkipsOnlyChunkData(t *testing.T) {
	body := "5;x\r\nhello\r\n10000\r\n" + strings.Repeat("y", 0x10000) + "\r\n0\r\nT: u\r\n\r\n"
	var c Chunked
	var skipped, shown int
	for at := 0; at < len(body); {
		if n := c.Unseen(); n > 0 {
			if n > 3 {
				n = 3 + (n-3)/2 // in parts
			}
			if text := body[at : at+int(n)]; strings.Trim(text, "heloy") != "" {
				t.Fatalf("%q may pass unseen", text)
			}
			c.Skip(n)
			at += int(n)
			skipped += int(n)
			continue
		}
		n, reason := c.Advance([]byte(body[at : at+1]))
		if n != 1 || reason.Refused() {
			t.Fatalf("at %d: %d, %v", at, n, reason)
		}
		at++
		shown++
	}
	if n, reason := c.Advance(nil); n != 0 || reason != OK {
		t.Errorf("behind the end: %d, %v; want 0, ok", n, reason)
	}
	if n, reason := c.Advance([]byte("x")); n != 0 || reason != OK {
		t.Errorf("bytes behind the end: %d, %v; want 0, ok", n, reason)
	}
	if skipped != 5+0x10000 || skipped+shown != len(body) {
		t.Errorf("%d skipped, %d shown of %d", skipped, shown, len(body))
	}
}
