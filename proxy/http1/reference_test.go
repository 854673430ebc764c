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

// net/http is the reference: a reader of HTTP/1.x that was written apart from
// this one. Whatever is accepted here it must read to the same end.

// exceptions are what net/http refuses and is accepted here. Each is about what
// a message means to a server, not about where it ends.
var exceptions = []struct {
	clause, what string
	is           func(err error, head string) bool
}{
	{
		"RFC 3986 2.1", "an escape in the target that is none: net/http decodes it, here it passes as it is",
		func(err error, head string) bool {
			var inURL *url.Error
			target, _, _ := strings.Cut(head, "\r\n")
			return errors.As(err, &inURL) && badEscape(target)
		},
	},
	{
		"RFC 9110 6.6.2", "Trailer announces a field that may not be in a trailer section",
		func(err error, head string) bool {
			return strings.Contains(err.Error(), "bad trailer key") && strings.Contains(strings.ToLower(head), "\r\ntrailer:")
		},
	},
	{
		"RFC 9112 7.1.1", "more extensions than data in a chunked body: a bound of net/http's; here each line is bounded",
		func(err error, _ string) bool { return strings.Contains(err.Error(), "too much non-data") },
	},
}

func badEscape(s string) bool {
	for i := range len(s) {
		if s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			return true
		}
	}
	return false
}

// excepted fails the test unless err is one of the exceptions.
func excepted(t *testing.T, err error, head []byte) {
	t.Helper()
	for _, e := range exceptions {
		if e.is(err, string(head)) {
			return
		}
	}
	t.Fatalf("accepted, but net/http: %v\n%q", err, head)
}

// sameRequest wants net/http to read the request at the start of b as it was
// read here, and says where it ends. ok says that b holds all of it.
func sameRequest(t *testing.T, b []byte, got *Request) (end int, ok bool) {
	t.Helper()
	head := b[:got.Length]
	// RFC 9112, 2.2 allows an empty line before it, and net/http does not.
	blank := len(b) - len(bytes.TrimPrefix(b, []byte("\r\n")))
	reader := bufio.NewReaderSize(bytes.NewReader(b[blank:]), 1<<17)
	want, err := http.ReadRequest(reader)
	if err != nil {
		excepted(t, err, head)
		return 0, false
	}
	text := func(s Span) string { return string(s.Of(b)) }
	if text(got.MethodName) != want.Method || text(got.Target) != want.RequestURI {
		t.Errorf("method %q, target %q; net/http: %q, %q", text(got.MethodName), text(got.Target), want.Method, want.RequestURI)
	}
	host := text(got.Host)
	switch got.Form {
	case AuthorityForm:
		host = text(got.Target) // RFC 9112, 3.2.3: Host says the same or less
	case AbsoluteForm:
		host = string(authority(got.Target.Of(b))) // which Host agrees with, or there is none
	case OriginForm, AsteriskForm:
	}
	if host != want.Host {
		t.Errorf("host %q; net/http: %q", host, want.Host)
	}
	if got.Persistent() == want.Close {
		t.Errorf("persistent is %v; net/http: close is %v", got.Persistent(), want.Close)
	}
	if upgrade := want.Header["Upgrade"] != nil; (got.Flags&Upgrade != 0) != upgrade {
		t.Errorf("flags %b; net/http: upgrade is %v", got.Flags, upgrade)
	}
	if agent := want.UserAgent(); agent != text(got.UserAgent) {
		t.Errorf("user agent %q; net/http: %q", text(got.UserAgent), agent)
	}
	framing := got.Framing()
	sameFraming(t, framing, want.ContentLength, want.TransferEncoding)
	return sameBody(t, b, got.Length, framing, want.Body, reader)
}

// sameResponse is sameRequest for the response to a request of method m.
func sameResponse(t *testing.T, b []byte, got *Response, m Method) (end int, ok bool) {
	t.Helper()
	reader := bufio.NewReaderSize(bytes.NewReader(b), 1<<17)
	want, err := http.ReadResponse(reader, &http.Request{Method: m.String()})
	if err != nil {
		excepted(t, err, b[:got.Length])
		return 0, false
	}
	defer want.Body.Close()
	if int(got.Status) != want.StatusCode {
		t.Errorf("status %d; net/http: %d", got.Status, want.StatusCode)
	}
	if got, want := string(got.ContentType.Of(b)), want.Header.Get("Content-Type"); got != want {
		t.Errorf("content type %q; net/http: %q", got, want)
	}
	framing := got.Framing(m)
	if framing.Kind != UntilClose && framing.Kind != ToTunnel && got.Persistent() == want.Close {
		t.Errorf("persistent is %v; net/http: close is %v", got.Persistent(), want.Close)
	}
	switch {
	case framing.Kind == ToTunnel:
		return 0, false
	case m != HEAD: // to which net/http reports the length of the body that is not there
		sameFraming(t, framing, want.ContentLength, want.TransferEncoding)
	}
	return sameBody(t, b, got.Length, framing, want.Body, reader)
}

func sameFraming(t *testing.T, f Framing, length int64, codings []string) {
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

// sameBody wants net/http to read the body behind the head to the end it has
// here, the trailer section included, and to find the same data in it.
func sameBody(t *testing.T, b []byte, head int, f Framing, body io.Reader, rest *bufio.Reader) (end int, ok bool) {
	t.Helper()
	data, end, reason := takeBody(b, head, f)
	if reason.Refused() {
		return 0, false
	}
	got, err := io.ReadAll(body)
	if reason == More {
		if err == nil {
			t.Fatalf("body is incomplete here; net/http reads %d bytes to its end", len(got))
		}
		return 0, false
	}
	if err != nil {
		excepted(t, err, b[:head])
		return 0, false
	}
	if !bytes.Equal(got, data) {
		t.Errorf("body %q; net/http: %q", data, got)
	}
	if left, _ := io.Copy(io.Discard, rest); int(left) != len(b)-end {
		t.Errorf("message ends at %d; net/http: %d", end, len(b)-int(left))
	}
	return end, true
}

// takeBody reads a body by the framing that was found here.
func takeBody(b []byte, head int, f Framing) (data []byte, end int, reason Reason) {
	switch f.Kind {
	case Coded:
		var c Chunked
		for at := head; ; {
			if n := min(int(c.Unseen()), len(b)-at); n > 0 {
				data = append(data, b[at:at+n]...)
				c.Skip(int64(n))
				at += n
				continue
			}
			n, reason := c.Advance(b[at:min(at+1, len(b))])
			if at += n; reason != More || at == len(b) {
				return data, at, reason
			}
		}
	case Length:
		if int64(len(b)-head) < f.Length {
			return nil, 0, More
		}
		end = head + int(f.Length)
		return b[head:end], end, OK
	case UntilClose:
		return b[head:], len(b), OK
	case NoBody, ToTunnel:
	}
	return nil, head, OK
}
