package http1

import (
	"strings"
	"testing"
)

func TestResponseByClause(t *testing.T) {
	for _, c := range responseCases() {
		t.Run(clauseName(c.clause)+": "+c.name, func(t *testing.T) { checkResponseCase(t, c) })
	}
}

type responseCase struct {
	clause, name string
	head         string
	reason       Reason
	request      Method
	framing      Framing
}

func responseCases() []responseCase {
	until, none := Framing{Kind: UntilClose}, Framing{}
	return []responseCase{
		{"4", "simple", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", OK, GET, Framing{Length, 3}},
		{"4", "no reason phrase", "HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\n", OK, GET, Framing{Length, 3}},
		{"4", "no reason phrase, no space", "HTTP/1.1 200\r\nContent-Length: 3\r\n\r\n", OK, GET, Framing{Length, 3}},
		{"4", "reason phrase with bytes above 0x7f", "HTTP/1.1 404 Non trouv\xe9\r\nContent-Length: 0\r\n\r\n", OK, GET, none},
		{"4", "status 999", "HTTP/1.1 999 x\r\n\r\n", OK, GET, until},
		{"4", "status 099", "HTTP/1.1 099 x\r\n\r\n", BadStatus, GET, none},
		{"4", "status of two digits", "HTTP/1.1 20\r\n\r\n", BadStatus, GET, none},
		{"4", "status of four digits", "HTTP/1.1 2000 x\r\n\r\n", BadStatus, GET, none},
		{"4", "status is no number", "HTTP/1.1 2x0 x\r\n\r\n", BadStatus, GET, none},
		{"4", "two spaces", "HTTP/1.1  200 OK\r\n\r\n", BadStatus, GET, none},
		{"4", "bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", BareLF, GET, none},
		{"4", "empty line before it", "\r\nHTTP/1.1 200 OK\r\n\r\n", NotHTTP, GET, none},
		{"4", "mail server", "220 mail", NotHTTP, GET, none},
		{"4", "ssh server", "S", NotHTTP, GET, none},
		{"4", "shoutcast", "ICY 200 OK\r\n", NotHTTP, GET, none},
		{"4", "incomplete prefix", "HTT", More, GET, none},
		{"2.3", "HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n", OK, GET, until},
		{"2.3", "HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", BadVersion, GET, none},
		{"2.3", "HTTP/2", "HTTP/2 200 OK\r\n\r\n", NotHTTP, GET, none},
		{"2.3", "cut", "HTTP/1.\r\n\r\n", BadVersion, GET, none},
		{"5.2", "folded", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", Fold, GET, none},
		{"5.1", "space before colon", "HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\n", SpaceBeforeColon, GET, none},
		{"6.1", "coding and length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", LengthAndCoding, GET, none},
		{"6.1", "coding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", CodingInHTTP10, GET, none},
		{"6.1", "coding in 204", "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n", ForbiddenFraming, GET, none},
		{"6.1", "coding in 100", "HTTP/1.1 100 x\r\nTransfer-Encoding: chunked\r\n\r\n", ForbiddenFraming, GET, none},
		{"RFC 9110 8.6", "length in 100", "HTTP/1.1 100 x\r\nContent-Length: 4\r\n\r\n", ForbiddenFraming, GET, none},
		{"RFC 9110 8.6", "length in 204", "HTTP/1.1 204 x\r\nContent-Length: 4\r\n\r\n", ForbiddenFraming, GET, none},
		{"RFC 9110 8.6", "length 0 in 204", "HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n", OK, GET, none},
		{"6.3", "rule 1, HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", OK, HEAD, none},
		{"6.3", "rule 1, HEAD, chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", OK, HEAD, none},
		{"6.3", "rule 1, HEAD, neither", "HTTP/1.1 200 OK\r\n\r\n", OK, HEAD, none},
		{"6.3", "rule 1, 304 with length", "HTTP/1.1 304 x\r\nContent-Length: 3\r\n\r\n", OK, GET, none},
		{"6.3", "rule 1, 204", "HTTP/1.1 204 x\r\n\r\n", OK, GET, none},
		{"6.3", "rule 1, 100", "HTTP/1.1 100 Continue\r\n\r\n", OK, POST, none},
		{"6.3", "rule 1, 103", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", OK, GET, none},
		{"6.3", "rule 2, CONNECT, 200, whose fields frame nothing", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", OK, CONNECT, Framing{Kind: ToTunnel}},
		{"6.3", "rule 2, CONNECT, 407", "HTTP/1.1 407 x\r\nContent-Length: 3\r\n\r\n", OK, CONNECT, Framing{Length, 3}},
		{"RFC 9110 15.2.2", "101", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", OK, GET, Framing{Kind: ToTunnel}},
		{"6.3", "rule 4, chunked", "HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\n\r\n", OK, GET, Framing{Kind: Coded}},
		{"6.3", "rule 4, gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", UnknownCoding, GET, none},
		{"6.3", "rule 5, same length, written in two ways", "HTTP/1.1 200 OK\r\nContent-Length: 03\r\nContent-Length: 3\r\n\r\n", DifferingLengths, GET, none},
		{"6.3", "rule 5, two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", DifferingLengths, GET, none},
		{"6.3", "rule 6, length 0", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", OK, GET, none},
		{"6.3", "rule 8, neither", "HTTP/1.1 200 OK\r\n\r\n", OK, GET, until},
		{"RFC 9110 2.3", "status line too long", "HTTP/1.1 200 " + strings.Repeat("x", 32<<10), LineTooLong, GET, none},
		{"RFC 9110 2.3", "too large", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("x", 30<<10)+"\r\n", 3), HeadTooLarge, GET, none},
	}
}

func checkResponseCase(t *testing.T, c responseCase) {
	t.Helper()
	limits := DefaultLimits()
	var p Parser
	got, reason := p.Response([]byte(c.head), &limits)
	if reason != c.reason {
		t.Fatalf("%v, want %v", reason, c.reason)
	}
	if reason == OK {
		if f := got.Framing(c.request); f != c.framing {
			t.Errorf("framing %+v, want %+v", f, c.framing)
		}
		if got.Length != len(c.head) {
			t.Errorf("length %d, want %d", got.Length, len(c.head))
		}
	}
	p.Reset()
	for n := 0; n <= len(c.head); n += max(1, len(c.head)/1000) {
		piece, pieceReason := p.Response([]byte(c.head[:n]), &limits)
		if pieceReason == More {
			continue
		}
		if piece != got || pieceReason != reason {
			t.Fatalf("at %d: %+v, %v; whole: %+v, %v", n, piece, pieceReason, got, reason)
		}
		break
	}
}

func TestContentTypeIsTheFirst(t *testing.T) {
	for head, want := range map[string]string{
		"HTTP/1.1 200 OK\r\n\r\n": "",
		"HTTP/1.1 200 OK\r\ncontent-TYPE: \ttext/html; charset=x \r\nContent-Type: b\r\n\r\n": "text/html; charset=x",
		"HTTP/1.1 200 OK\r\nContent-Type: \r\nContent-Type: b\r\n\r\n":                        "",
		"HTTP/1.1 200 OK\r\nX-Content-Type: a\r\nContent-Type:b\r\n\r\n":                      "b",
	} {
		limits := DefaultLimits()
		var p Parser
		r, reason := p.Response([]byte(head), &limits)
		if got := string(r.ContentType.Of([]byte(head))); reason != OK || got != want {
			t.Errorf("%q: %q (%v), want %q", head, got, reason, want)
		}
	}
}

func TestInterim(t *testing.T) {
	for status, want := range map[uint16]bool{100: true, 101: false, 102: true, 103: true, 199: true, 200: false, 304: false} {
		if got := (&Response{Status: status}).Interim(); got != want {
			t.Errorf("%d: %v, want %v", status, got, want)
		}
	}
}
