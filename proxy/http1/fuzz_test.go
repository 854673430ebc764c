package http1

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// Each target checks two things: that any pieces give the answer of the whole,
// and that what is accepted here net/http reads the same way (reference_test.go).

func FuzzRequest(f *testing.F) {
	for _, c := range requestCases {
		if len(c.head) < 2000 {
			f.Add([]byte(c.head), uint64(7))
		}
	}
	for _, stream := range []string{
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\nGET",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\nGET /",
		"PUT /a HTTP/1.0\r\nUser-Agent: x y\r\nContent-Length: 1\r\nConnection: a, keep-alive\r\n\r\n.\r\nHEAD http://A:80/ HTTP/1.1\r\nHost: a\r\n\r\n",
		"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]\r\nUpgrade: x\r\n\r\n\x16\x03",
	} {
		f.Add([]byte(stream), uint64(60))
	}
	f.Fuzz(func(t *testing.T, b []byte, pieces uint64) {
		for message := b; len(message) > 0; {
			limits := DefaultLimits()
			var p Parser
			got, reason := p.Request(message, &limits)
			checkPieces(t, message, pieces, got, reason, (*Parser).Request)
			if reason != OK {
				return
			}
			end, ok := sameRequest(t, message, &got)
			if !ok {
				return
			}
			message = message[end:]
		}
	})
}

func FuzzResponse(f *testing.F) {
	for _, head := range []string{
		typicalResponse + string(bytes.Repeat([]byte("x"), 1024)), "HTTP/1.1 200 OK\r\n\r\nuntil close", "HTTP/1.0 200\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
		"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 101 x\r\nUpgrade: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "HTTP/1.0 200 \r\nContent-Length:3\r\nContent-Length:03\r\n\r\n", "ICY 200 OK\r\n", "SSH-2.0-x\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
		"HTTP/1.1 100 a\r\n\r\nHTTP/1.0 200 b\r\nContent-Type: x\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n.HTTP/1.1 304 c\r\n\r\nHTTP/1.1 200\r\n\r\n",
	} {
		f.Add([]byte(head), uint64(9), byte(GET))
		f.Add([]byte(head), uint64(30), byte(HEAD))
	}
	f.Fuzz(func(t *testing.T, b []byte, pieces uint64, m byte) {
		for message := b; len(message) > 0; {
			limits := DefaultLimits()
			var p Parser
			got, reason := p.Response(message, &limits)
			checkPieces(t, message, pieces, got, reason, (*Parser).Response)
			if reason != OK {
				return
			}
			end, ok := sameResponse(t, message, &got, Method(m)%methodCount)
			if !ok {
				return
			}
			message = message[end:]
		}
	})
}

func FuzzChunked(f *testing.F) {
	for _, body := range []string{
		"0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n", "3;a=\"b;c\"\r\nabc\r\n00\r\nT: u\r\n\r\nx", "F\r\n0123456789abcde\r\n0 ;x\r\n\r\n",
		"3 \r\nabc\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "0\r\nA : b\r\n\r\n", "0\r\nA: b\r\n c\r\n\r\n",
		"0000000000000000\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n", "3;\r\nabc\r\n0\r\n\r\n", "3;a\nb\r\nabc\r\n0\r\n\r\n",
	} {
		f.Add([]byte(body), uint64(1))
		f.Add([]byte(body), uint64(2))
	}
	f.Fuzz(func(t *testing.T, body []byte, pieces uint64) {
		var whole Chunked
		n, reason := whole.Advance(body)
		if gotN, gotReason := advanceInPieces(body, pieces); gotN != n || gotReason != reason {
			t.Fatalf("in pieces %d: %d, %v; whole: %d, %v", pieces, gotN, gotReason, n, reason)
		}
		if reason != OK {
			return
		}
		head := []byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
		message := append(head, body...)
		limits := DefaultLimits()
		var p Parser
		request, reason := p.Request(message, &limits)
		if reason != OK {
			t.Fatal(reason)
		}
		if end, ok := sameRequest(t, message, &request); !ok || end != len(head)+n {
			t.Fatalf("the message ends at %d (%v), want %d", end, ok, len(head)+n)
		}
	})
}

// checkPieces shows b piece by piece, as far as there is no answer.
func checkPieces[M comparable](t *testing.T, b []byte, pieces uint64, want M, wantReason Reason, read func(*Parser, []byte, *Limits) (M, Reason)) {
	t.Helper()
	limits := DefaultLimits()
	var p Parser
	next := cutter(pieces)
	for n := 0; ; n = min(n+next(), len(b)) {
		got, reason := read(&p, b[:n], &limits)
		if reason == More && n < len(b) {
			continue
		}
		if got != want || reason != wantReason {
			t.Fatalf("in pieces %d, at %d: %+v, %v; whole: %+v, %v\n%q", pieces, n, got, reason, want, wantReason, b)
		}
		return
	}
}

// advanceInPieces shows a chunked body piece by piece; what may pass unseen
// does so at times.
func advanceInPieces(body []byte, pieces uint64) (n int, reason Reason) {
	var c Chunked
	next := cutter(pieces)
	for reason = More; reason == More; {
		size := next()
		if unseen := min(c.Unseen(), int64(len(body)-n), int64(size)); unseen > 0 && size%2 == 0 {
			c.Skip(unseen)
			n += int(unseen)
			continue
		}
		var used int
		used, reason = c.Advance(body[n:min(n+size, len(body))])
		if n += used; n == len(body) {
			break
		}
	}
	return n, reason
}

// cutter gives the sizes of pieces: small and large ones in turn, or all of one
// byte.
func cutter(pieces uint64) func() int {
	if pieces == 1 {
		return func() int { return 1 }
	}
	random := rand.New(rand.NewPCG(pieces, 0))
	return func() int { return 1 + random.IntN(1<<random.IntN(12)) }
}
