package http1

import (
	"strings"
	"testing"
)

// requestCases are heads with what must come of them, by the clause of
// RFC 9112 (or 9110 where it says so) that decides.
var requestCases = []struct {
	clause, name string
	head         string
	reason       Reason
}{
	{"2.1", "simple", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", OK},
	{"2.1", "head ends at its empty line", "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest", OK},
	{"2.1", "incomplete", "GET / HTTP/1.1\r\nHost: a\r\n", More},
	{"2.1", "nothing", "", More},
	{"2.2", "one empty line before it", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", OK},
	{"2.2", "two empty lines before it", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", BadMethod},
	{"2.2", "LF before it", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", BareLF},
	{"2.2", "CR before it", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", BareCR},
	{"2.2", "bare LF after request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", BareLF},
	{"2.2", "bare LF after field", "GET / HTTP/1.1\r\nHost: a\n\r\n", BareLF},
	{"2.2", "bare LF as end of head", "GET / HTTP/1.1\r\nHost: a\r\n\n", BareLF},
	{"2.2", "bare CR in request line", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", BareCR},
	{"2.2", "bare CR in field", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", BareCR},
	{"2.2", "CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", BareCR},
	{"2.2", "white space before first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", Fold},
	{"2.3", "HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", OK},
	{"2.3", "HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", BadVersion},
	{"2.3", "HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", BadVersion},
	{"2.3", "HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", BadVersion},
	{"2.3", "HTTP/01.1", "GET / HTTP/01.1\r\nHost: a\r\n\r\n", BadVersion},
	{"2.3", "lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", BadVersion},
	{"2.3", "other protocol", "GET / RTSP/1.0\r\nHost: a\r\n\r\n", BadVersion},
	{"2.3", "space after version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", BadVersion},
	{"3", "request line of 8000 bytes", "GET /" + strings.Repeat("x", 8000-len("GET / HTTP/1.1")) + " HTTP/1.1\r\nHost: a\r\n\r\n", OK},
	{"3", "HTTP/0.9", "GET /\r\n", NoVersion},
	{"3", "one word", "QUIT\r\n", NoVersion},
	{"3", "mail", "EHLO client.example\r\n", NoVersion},
	{"3", "ssh", "SSH-2.0-OpenSSH_9.2p1 Debian\r\n", NoVersion},
	{"3", "TLS client hello", "\x16\x03\x01\x02\x00\x01", TLS},
	{"3", "binary", "\x00\x01\x02", NUL},
	{"3", "bytes above 0x7f", "\xff\xfd", BadMethod},
	{"3", "space before method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", BadMethod},
	{"3", "tab between method and target", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", BadMethod},
	{"3", "two spaces before target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget},
	{"3", "two spaces before version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget},
	{"3", "tab before version", "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", NoVersion},
	{"3", "space in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget},
	{"3", "no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", NoVersion},
	{"3.1", "unknown method", "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", OK},
	{"3.1", "method of 32", strings.Repeat("M", 32) + " / HTTP/1.1\r\nHost: a\r\n\r\n", OK},
	{"3.1", "method of 33", strings.Repeat("M", 33) + " / HTTP/1.1\r\nHost: a\r\n\r\n", BadMethod},
	{"3.1", "method is no token", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", BadMethod},
	{"3.1", "known method in lower case", "head / HTTP/1.1\r\nHost: a\r\n\r\n", BadMethod},
	{"3.1", "known method in mixed case", "Connect a:1 HTTP/1.1\r\nHost: a\r\n\r\n", BadMethod},
	{"3.2", "no Host", "GET / HTTP/1.1\r\n\r\n", NoHost},
	{"3.2", "no Host in HTTP/1.0", "GET / HTTP/1.0\r\nA: b\r\n\r\n", OK},
	{"3.2", "two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", SeveralHosts},
	{"3.2", "two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", SeveralHosts},
	{"3.2", "empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", OK},
	{"3.2", "Host with port", "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n", OK},
	{"3.2", "Host is IPv6", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", OK},
	{"3.2", "Host is an IPv4 within IPv6", "GET / HTTP/1.1\r\nHost: [::ffff:192.0.2.1]\r\n\r\n", OK},
	{"3.2", "Host is nothing in brackets", "GET / HTTP/1.1\r\nHost: []:80\r\n\r\n", BadHost},
	{"3.2", "Host is no IPv6 in brackets", "GET / HTTP/1.1\r\nHost: [1:2]\r\n\r\n", BadHost},
	{"3.2", "Host is an IPv4 in brackets", "GET / HTTP/1.1\r\nHost: [192.0.2.1]\r\n\r\n", BadHost},
	{"3.2", "Host is half of an IPv6", "GET / HTTP/1.1\r\nHost: [2001:db8::1\r\n\r\n", BadHost},
	{"3.2", "Host with text behind IPv6", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", BadHost},
	{"3.2", "Host with bracket within", "GET / HTTP/1.1\r\nHost: a[b]\r\n\r\n", BadHost},
	{"3.2", "Host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", BadHost},
	{"3.2", "Host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", BadHost},
	{"3.2", "Host with space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", BadHost},
	{"3.2", "Host with port that is none", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", BadHost},
	{"3.2", "Host with two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", BadHost},
	{"3.2.1", "bytes above 0x7f in path", "GET /\xc3\xbc HTTP/1.1\r\nHost: a\r\n\r\n", OK},
	{"3.2.1", "query", "GET /?q=%20|{} HTTP/1.1\r\nHost: a\r\n\r\n", OK},
	{"3.2.1", "fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget},
	{"3.2.1", "no slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget},
	{"3.2.2", "absolute form", "GET http://a.example/x HTTP/1.1\r\nHost: A.example\r\n\r\n", OK},
	{"3.2.2", "absolute form with default port", "GET http://a.example:80?x HTTP/1.1\r\nHost: a.example\r\n\r\n", OK},
	{"3.2.2", "absolute form, other Host", "GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n", HostMismatch},
	{"3.2.2", "absolute form, other port", "GET http://a.example:81/ HTTP/1.1\r\nHost: a.example\r\n\r\n", HostMismatch},
	{"3.2.2", "absolute form with user", "GET http://u@a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", BadTarget},
	{"3.2.2", "absolute form, name with an escaped letter", "GET http://%61.example/ HTTP/1.1\r\nHost: %61.example\r\n\r\n", BadTarget},
	{"3.2.2", "absolute form, name with an escaped NUL", "GET http://%0000 HTTP/1.0\r\n\r\n", BadTarget},
	{"3.2.2", "absolute form, name with half an escape", "GET http://a%e/ HTTP/1.0\r\n\r\n", BadTarget},
	{"3.2.2", "absolute form, name with escaped UTF-8", "GET http://%C3%A4.example/ HTTP/1.1\r\nHost: %c3%a4.example\r\n\r\n", BadTarget},
	{"3.2", "Host with a zone", "GET / HTTP/1.1\r\nHost: [fe80::1%251]\r\n\r\n", BadHost},
	{"3.2", "Host with an escape", "GET / HTTP/1.1\r\nHost: %61.example\r\n\r\n", BadHost},
	{"3.2.2", "absolute form without authority", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget},
	{"3.2.2", "absolute form, other scheme", "GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget},
	{"3.2.3", "authority form", "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", OK},
	{"3.2.3", "authority form, Host in full", "CONNECT A.example:8443 HTTP/1.1\r\nHost: a.example:8443\r\n\r\n", OK},
	{"3.2.3", "authority form, default port of http", "CONNECT a.example:80 HTTP/1.1\r\nHost: a.example\r\n\r\n", OK},
	{"3.2.3", "authority form of an IPv6", "CONNECT [::443]:443 HTTP/1.1\r\nHost: [::443]\r\n\r\n", OK},
	{"3.2.3", "authority form without Host in HTTP/1.0", "CONNECT a.example:443 HTTP/1.0\r\n\r\n", OK},
	{"3.2.3", "authority form, other Host", "CONNECT a.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n", HostMismatch},
	{"3.2.3", "authority form, other Host in HTTP/1.0", "CONNECT a.example:443 HTTP/1.0\r\nHost: b.example:443\r\n\r\n", HostMismatch},
	{"3.2.3", "authority form, other port", "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:80\r\n\r\n", HostMismatch},
	{"3.2.3", "authority form, port that nothing says", "CONNECT a.example:8443 HTTP/1.1\r\nHost: a.example\r\n\r\n", HostMismatch},
	{"3.2.3", "authority form, empty Host", "CONNECT a.example:443 HTTP/1.1\r\nHost:\r\n\r\n", HostMismatch},
	{"RFC 9110 9.3.6", "CONNECT with a length of 0", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 0\r\n\r\n", OK},
	{"RFC 9110 9.3.6", "CONNECT with a length", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 1\r\n\r\n", ForbiddenFraming},
	{"RFC 9110 9.3.6", "CONNECT with a coding", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nTransfer-Encoding: chunked\r\n\r\n", ForbiddenFraming},
	{"3.2.3", "authority form without port", "CONNECT a.example HTTP/1.1\r\nHost: a.example\r\n\r\n", BadTarget},
	{"3.2.3", "authority form with empty port", "CONNECT a.example: HTTP/1.1\r\nHost: a.example\r\n\r\n", BadTarget},
	{"3.2.3", "authority form with empty host", "CONNECT :443 HTTP/1.1\r\nHost: a.example\r\n\r\n", BadTarget},
	{"3.2.3", "authority form of colons", "CONNECT :: HTTP/1.1\r\nHost: a.example\r\n\r\n", BadTarget},
	{"3.2.3", "authority form with half of an IPv6", "CONNECT ::1]:443 HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget},
	{"3.2.3", "authority form of nothing in brackets", "CONNECT []:0 HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget},
	{"3.2.3", "authority form of an IPv6 without port", "CONNECT [::1] HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget},
	{"3.2.3", "CONNECT with a path", "CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget},
	{"3.2.4", "asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", OK},
	{"3.2.4", "asterisk form with other method", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget},
	{"5.1", "space before colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", SpaceBeforeColon},
	{"5.1", "tab before colon", "GET / HTTP/1.1\r\nHost:a\r\nA\t: b\r\n\r\n", SpaceBeforeColon},
	{"5.1", "no colon", "GET / HTTP/1.1\r\nHost: a\r\nfoo\r\n\r\n", BadName},
	{"5.1", "space in name", "GET / HTTP/1.1\r\nHost: a\r\nfoo bar: x\r\n\r\n", BadName},
	{"5.1", "empty name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", BadName},
	{"5.1", "name is no token", "GET / HTTP/1.1\r\nHost: a\r\nfo(o: x\r\n\r\n", BadName},
	{"5.1", "name with byte above 0x7f", "GET / HTTP/1.1\r\nHost: a\r\nf\xc3\xbc: x\r\n\r\n", BadName},
	{"5.1", "no space behind colon, many before the end", "GET / HTTP/1.1\r\nHost:a  \t \r\n\r\n", OK},
	{"5.1", "empty value", "GET / HTTP/1.1\r\nHost: a\r\nX-Empty:\r\n\r\n", OK},
	{"5.2", "folded by space", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", Fold},
	{"5.2", "folded by tab", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n", Fold},
	{"5.2", "line of white space", "GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n", Fold},
	{"RFC 9110 5.5", "NUL in value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n", NUL},
	{"RFC 9110 5.5", "control in value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x08\r\n\r\n", Control},
	{"RFC 9110 5.5", "DEL in value", "GET / HTTP/1.1\r\nHost: a\r\nX: 1234567\x7f\r\n\r\n", Control},
	{"RFC 9110 5.5", "tab and bytes above 0x7f in value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\tb\xff\x80\r\n\r\n", OK},
	{"RFC 9110 8.6", "length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", OK},
	{"RFC 9110 8.6", "plus sign", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", BadLength},
	{"RFC 9110 8.6", "minus sign", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", BadLength},
	{"RFC 9110 8.6", "hexadecimal", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", BadLength},
	{"RFC 9110 8.6", "empty", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", BadLength},
	{"RFC 9110 8.6", "too large", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n", BadLength},
	{"RFC 9110 8.6", "list", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", BadLength},
	{"RFC 9110 8.6", "fraction", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5.0\r\n\r\n", BadLength},
	{"6.3", "same length twice", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\ncontent-length:5\r\n\r\n", OK},
	{"6.3", "a length with zeros before it", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 05\r\n\r\n", OK},
	{"6.3", "same length, written in two ways", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 05\r\n\r\n", DifferingLengths},
	{"6.3", "two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", DifferingLengths},
	{"6.1", "chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ChunKed\r\n\r\n", OK},
	{"6.1", "length, then coding", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", LengthAndCoding},
	{"6.1", "coding, then length 0", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", LengthAndCoding},
	{"6.1", "coding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", CodingInHTTP10},
	{"6.1", "gzip alone", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", UnknownCoding},
	{"6.1", "gzip, then chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", UnknownCoding},
	{"6.1", "chunked not last", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", ChunkedNotLast},
	{"6.1", "chunked not last over two lines", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", ChunkedNotLast},
	{"6.1", "chunked twice in a line", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", ChunkedTwice},
	{"6.1", "chunked twice over two lines", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", ChunkedTwice},
	{"6.1", "identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", UnknownCoding},
	{"6.1", "quoted", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", UnknownCoding},
	{"6.1", "with parameter", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", UnknownCoding},
	{"6.1", "vertical tab", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n", Control},
	{"6.1", "empty", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", UnknownCoding},
	{"6.1", "hidden by space before colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding : chunked\r\n\r\n", SpaceBeforeColon},
	{"RFC 9113 3.4", "preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Preface},
	{"RFC 9110 2.3", "head larger than the limit", "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: "+strings.Repeat("x", 30<<10)+"\r\n", 3), HeadTooLarge},
	{"RFC 9110 2.3", "field line of 32 KiB", "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 32<<10-3) + "\r\n\r\n", OK},
	{"RFC 9110 2.3", "field line larger than the limit", "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 32<<10-2) + "\r\n\r\n", LineTooLong},
	{"RFC 9110 2.3", "NUL behind the limit of a line", "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 32<<10-2) + "\x00\r\n\r\n", LineTooLong},
	{"3", "request line larger than the limit", "GET /" + strings.Repeat("x", 32<<10), LineTooLong},
	{"RFC 9110 2.3", "256 fields", "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", 255) + "\r\n", OK},
	{"RFC 9110 2.3", "257 fields", "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", 256) + "\r\n", TooManyFields},
}

// clauseName is the clause as the names of tests have it.
func clauseName(clause string) string {
	if strings.HasPrefix(clause, "RFC ") {
		return clause
	}
	return "RFC 9112 " + clause
}

func TestRequestByClause(t *testing.T) {
	limits := DefaultLimits()
	for _, c := range requestCases {
		t.Run(clauseName(c.clause)+": "+c.name, func(t *testing.T) {
			var p Parser
			got, reason := p.Request([]byte(c.head), &limits)
			if reason != c.reason {
				t.Fatalf("%v, want %v", reason, c.reason)
			}
			if reason == OK && got.Length == 0 {
				t.Error("no length")
			}
			checkAnySplit(t, []byte(c.head))
		})
	}
}

// checkAnySplit shows the head byte by byte, and in two parts, and wants the
// same answer as for the whole.
func checkAnySplit(t *testing.T, head []byte) {
	t.Helper()
	limits := DefaultLimits()
	var p Parser
	want, wantReason := p.Request(head, &limits)
	step := max(1, len(head)/2000)
	p.Reset()
	for n := 0; ; n = min(n+step, len(head)) {
		got, reason := p.Request(head[:n], &limits)
		if reason == More && n < len(head) {
			continue
		}
		if got != want || reason != wantReason {
			t.Fatalf("in steps of %d, at %d: %+v, %v; whole: %+v, %v", step, n, got, reason, want, wantReason)
		}
		break
	}
}

func TestRequestSaysWhatTheHeadSays(t *testing.T) {
	limits := DefaultLimits()
	text := func(head string, s Span) string { return string(s.Of([]byte(head))) }
	for _, c := range []struct {
		head, name, target, host string
		agent                    string
		method                   Method
		form                     Form
		flags                    Flags
		framing                  Framing
		persistent               bool
		length                   int
	}{
		{head: "GET /x?y HTTP/1.1\r\nHOST:  a:1 \r\n\r\nmore", name: "GET", target: "/x?y", host: "a:1", method: GET, persistent: true, length: 34},
		{head: "GET / HTTP/1.1\r\nUSER-agent:\t a b \t\r\nHost: a\r\nUser-Agent: c\r\n\r\n", name: "GET", target: "/", host: "a", agent: "a b", method: GET, persistent: true, length: 62},
		{head: "GET / HTTP/1.1\r\nUser-Agent:\r\nHost: a\r\nUser-Agent: c\r\n\r\n", name: "GET", target: "/", host: "a", method: GET, persistent: true, length: 55},
		{head: "\r\nHEAD / HTTP/1.1\r\nhost:a\r\n\r\n", name: "HEAD", target: "/", host: "a", method: HEAD, persistent: true, length: 29},
		{head: "GET / HTTP/1.0\r\n\r\n", name: "GET", target: "/", method: GET, length: 18},
		{head: "GET / HTTP/1.0\r\nConnection: foo,  Keep-Alive\r\n\r\n", name: "GET", target: "/", method: GET, flags: KeepAlive, persistent: true, length: 48},
		{head: "FOO / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: x\r\n\r\n", name: "FOO", target: "/", host: "a", flags: Close, length: 61},
		{head: "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", name: "GET", target: "/chat", host: "a", method: GET, flags: Upgrade, persistent: true, length: 72},
		{head: "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0007\r\nExpect: 100-Continue\r\n\r\n", name: "PUT", target: "/", host: "a", method: PUT, flags: Expect100, framing: Framing{Length, 7}, persistent: true, length: 71},
		{head: "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", name: "PUT", target: "/", host: "a", method: PUT, persistent: true, length: 46},
		{head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\tchunked\t\r\n\r\n", name: "POST", target: "/", host: "a", method: POST, framing: Framing{Kind: Coded}, persistent: true, length: 57},
		{head: "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n", name: "CONNECT", target: "[::1]:443", host: "[::1]:443", method: CONNECT, form: AuthorityForm, persistent: true, length: 47},
		{head: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", name: "OPTIONS", target: "*", host: "a", method: OPTIONS, form: AsteriskForm, persistent: true, length: 31},
		{head: "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", name: "GET", target: "http://a/", host: "a", method: GET, form: AbsoluteForm, persistent: true, length: 35},
	} {
		var p Parser
		r, reason := p.Request([]byte(c.head), &limits)
		if reason != OK {
			t.Errorf("%q: %v", c.head, reason)
			continue
		}
		const public = Close | KeepAlive | Upgrade | Expect100
		if text(c.head, r.MethodName) != c.name || text(c.head, r.Target) != c.target || text(c.head, r.Host) != c.host || text(c.head, r.UserAgent) != c.agent ||
			r.Method != c.method || r.Form != c.form || r.Flags&public != c.flags || r.Framing() != c.framing ||
			r.Persistent() != c.persistent || r.Length != c.length {
			t.Errorf("%q: %+v", c.head, r)
		}
	}
}

func TestReasonsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for r := range Reason(ReasonCount) {
		if name := r.String(); name == "" || seen[name] {
			t.Errorf("reason %d has the name %q", r, name)
		} else {
			seen[name] = true
		}
	}
	if Reason(255).String() != "unknown" {
		t.Error("a reason out of range has a name")
	}
}

func TestParsingAllocatesNothing(t *testing.T) {
	limits := DefaultLimits()
	request, response := []byte(typicalRequest), []byte(typicalResponse)
	literal := []byte("GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n")
	var p Parser
	if n := testing.AllocsPerRun(100, func() {
		p.Reset()
		if _, reason := p.Request(request, &limits); reason != OK {
			t.Error(reason)
		}
		p.Reset()
		if _, reason := p.Request(literal, &limits); reason != OK {
			t.Error(reason)
		}
		p.Reset()
		if _, reason := p.Response(response, &limits); reason != OK {
			t.Error(reason)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

const typicalRequest = "GET /assets/app.js?v=3 HTTP/1.1\r\n" +
	"Host: www.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
	"Accept-Language: en-GB,en;q=0.5\r\n" +
	"Accept-Encoding: gzip, deflate\r\n" +
	"Connection: keep-alive\r\n" +
	"Cookie: session=0123456789abcdef0123456789abcdef\r\n\r\n"

const typicalResponse = "HTTP/1.1 200 OK\r\n" +
	"Server: nginx\r\n" +
	"Date: Mon, 02 Jan 2006 15:04:05 GMT\r\n" +
	"Content-Type: application/javascript\r\n" +
	"Content-Length: 1024\r\n" +
	"Last-Modified: Mon, 02 Jan 2006 15:04:05 GMT\r\n" +
	"Connection: keep-alive\r\n" +
	"ETag: \"5f2c-400\"\r\n" +
	"Accept-Ranges: bytes\r\n\r\n"

func BenchmarkRequest(b *testing.B) {
	limits, head := DefaultLimits(), []byte(typicalRequest)
	b.SetBytes(int64(len(head)))
	b.ReportAllocs()
	var p Parser
	for b.Loop() {
		p.Reset()
		if _, reason := p.Request(head, &limits); reason != OK {
			b.Fatal(reason)
		}
	}
}

func BenchmarkResponse(b *testing.B) {
	limits, head := DefaultLimits(), []byte(typicalResponse)
	b.SetBytes(int64(len(head)))
	b.ReportAllocs()
	var p Parser
	for b.Loop() {
		p.Reset()
		if _, reason := p.Response(head, &limits); reason != OK {
			b.Fatal(reason)
		}
	}
}
