package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Each target checks two things: that any split of the input gives the answer
// of the whole, and that what is accepted here is accepted by net/http, which
// then agrees on method, target, host and on where the body ends.

func FuzzRequest(f *testing.F) {
	for _, c := range requestCases {
		if len(c.head) < 2000 {
			f.Add([]byte(c.head), uint16(7))
		}
	}
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\nGET"), uint16(60))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n"), uint16(1))
	f.Fuzz(func(t *testing.T, b []byte, split uint16) {
		limits := DefaultLimits()
		var p Parser
		got, reason := p.Request(b, &limits)
		checkSplit(t, b, split, got, reason, (*Parser).Request)
		if reason != OK {
			return
		}
		head := b[:got.Length]
		total, ok := bodyEnd(b, got.Length, got.Framing())
		if !ok {
			total = got.Length
		}
		// net/http does not take the empty line that RFC 9112, 2.2 allows.
		message := bytes.TrimPrefix(b[:total], []byte("\r\n"))
		reader := bufio.NewReaderSize(bytes.NewReader(message), 1<<17)
		want, err := http.ReadRequest(reader)
		var inURL *url.Error
		if errors.As(err, &inURL) || err != nil && strings.Contains(err.Error(), "bad trailer key") {
			return // it looks into the target and into Trailer, which do not frame
		}
		if err != nil {
			t.Fatalf("accepted, but net/http: %v\n%q", err, head)
		}
		if string(got.MethodName.Of(b)) != want.Method || string(got.Target.Of(b)) != want.RequestURI {
			t.Errorf("method %q, target %q; net/http: %q, %q", got.MethodName.Of(b), got.Target.Of(b), want.Method, want.RequestURI)
		}
		if got.Form == OriginForm && string(got.Host.Of(b)) != want.Host {
			t.Errorf("host %q; net/http: %q", got.Host.Of(b), want.Host)
		}
		checkFramingAgrees(t, got.Framing(), want.ContentLength, want.TransferEncoding)
		if ok {
			checkBodyAgrees(t, want.Body, reader)
		}
	})
}

func FuzzResponse(f *testing.F) {
	for _, head := range []string{
		typicalResponse + strings.Repeat("x", 1024), "HTTP/1.1 200 OK\r\n\r\nuntil close", "HTTP/1.0 200\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
		"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 101 x\r\nUpgrade: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "ICY 200 OK\r\n", "SSH-2.0-x\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
	} {
		f.Add([]byte(head), uint16(9), byte(GET))
		f.Add([]byte(head), uint16(30), byte(HEAD))
	}
	f.Fuzz(func(t *testing.T, b []byte, split uint16, m byte) {
		limits := DefaultLimits()
		var p Parser
		got, reason := p.Response(b, &limits)
		checkSplit(t, b, split, got, reason, (*Parser).Response)
		if reason != OK {
			return
		}
		requestMethod := Method(m) % methodCount
		framing := got.Framing(requestMethod)
		total, ok := bodyEnd(b, got.Length, framing)
		if !ok {
			total = got.Length
		}
		reader := bufio.NewReaderSize(bytes.NewReader(b[:total]), 1<<17)
		want, err := http.ReadResponse(reader, &http.Request{Method: requestMethod.String()})
		if err != nil && strings.Contains(err.Error(), "bad trailer key") {
			return
		}
		if err != nil {
			t.Fatalf("accepted, but net/http: %v\n%q", err, b[:got.Length])
		}
		defer want.Body.Close()
		if int(got.Status) != want.StatusCode {
			t.Errorf("status %d; net/http: %d", got.Status, want.StatusCode)
		}
		if framing.Kind == ToTunnel || requestMethod == HEAD {
			return
		}
		checkFramingAgrees(t, framing, want.ContentLength, want.TransferEncoding)
		if ok {
			checkBodyAgrees(t, want.Body, reader)
		}
	})
}

func FuzzChunked(f *testing.F) {
	for _, body := range []string{
		"0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n", "3;a=\"b;c\"\r\nabc\r\n00\r\nT: u\r\n\r\nx", "F\r\n0123456789abcde\r\n0 ;x\r\n\r\n",
		"3 \r\nabc\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "0\r\nA : b\r\n\r\n", "0\r\nA: b\r\n c\r\n\r\n",
		"0000000000000000\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n", "3;\r\nabc\r\n0\r\n\r\n", "3;a\nb\r\nabc\r\n0\r\n\r\n",
	} {
		f.Add([]byte(body), uint8(1))
		f.Add([]byte(body), uint8(2))
	}
	f.Fuzz(func(t *testing.T, body []byte, step uint8) {
		var whole Chunked
		n, reason := whole.Advance(body)
		if gotN, gotReason := advanceBy(body, int(step)+1); gotN != n || gotReason != reason {
			t.Fatalf("in steps of %d: %d, %v; whole: %d, %v", int(step)+1, gotN, gotReason, n, reason)
		}
		if reason != OK {
			return
		}
		message := append([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), body[:n]...)
		reader := bufio.NewReaderSize(bytes.NewReader(message), 1<<17)
		request, err := http.ReadRequest(reader)
		if err != nil {
			t.Fatal(err)
		}
		checkBodyAgrees(t, request.Body, reader)
	})
}

// checkSplit shows b in two parts, as far as the first gives no answer.
func checkSplit[M comparable](t *testing.T, b []byte, split uint16, want M, wantReason Reason, read func(*Parser, []byte, *Limits) (M, Reason)) {
	t.Helper()
	limits := DefaultLimits()
	var p Parser
	got, reason := read(&p, b[:int(split)%(len(b)+1)], &limits)
	if reason == More {
		got, reason = read(&p, b, &limits)
	}
	if got != want || reason != wantReason {
		t.Fatalf("split at %d: %+v, %v; whole: %+v, %v\n%q", int(split)%(len(b)+1), got, reason, want, wantReason, b)
	}
}

// bodyEnd is where the message ends, if b holds all of it.
func bodyEnd(b []byte, head int, f Framing) (int, bool) {
	switch f.Kind {
	case Coded:
		var c Chunked
		n, reason := c.Advance(b[head:])
		return head + n, reason == OK
	case Length:
		return head + int(min(f.Length, int64(len(b)))), f.Length <= int64(len(b)-head)
	case UntilClose:
		return len(b), true
	case NoBody, ToTunnel:
	}
	return head, true
}

func checkFramingAgrees(t *testing.T, f Framing, length int64, codings []string) {
	t.Helper()
	coded := len(codings) == 1 && codings[0] == "chunked"
	agrees := false
	switch f.Kind {
	case NoBody:
		agrees = length == 0 && !coded
	case Length:
		agrees = length == f.Length && !coded
	case Coded:
		agrees = length == -1 && coded
	case UntilClose:
		agrees = length == -1 && !coded
	case ToTunnel: // no message of net/http's is framed so
	}
	if !agrees {
		t.Errorf("framing %+v; net/http: length %d, codings %q", f, length, codings)
	}
}

// checkBodyAgrees wants net/http to read a body to its end and nothing beyond.
func checkBodyAgrees(t *testing.T, body io.Reader, rest *bufio.Reader) {
	t.Helper()
	if _, err := io.Copy(io.Discard, body); err != nil {
		if strings.Contains(err.Error(), "too much non-data") {
			return // its limit on overhead, not on framing
		}
		t.Fatalf("body is complete here; net/http: %v", err)
	}
	if n, _ := io.Copy(io.Discard, rest); n != 0 {
		t.Errorf("net/http leaves %d bytes of the message unread", n)
	}
}
