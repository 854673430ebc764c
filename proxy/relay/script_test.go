package relay

import (
	"strings"
	"testing"

	"limpid/proxy/scoreboard"
)

const (
	get     = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	head    = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
	post5   = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
	ok0     = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	ok3     = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
	ws      = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
	switch1 = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
	connect = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"
	// The last request of a connection (RFC 9112, 9.6).
	getClose  = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	postClose = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
	chunked   = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
)

// scripts are what must happen on the wire. Each runs twice: as it is, and
// with everything sent byte by byte.
var scripts = []struct {
	name      string
	script    []string
	requests  uint64
	responses uint64
}{
	{"RFC 9112 2.1: request and response", []string{">< " + get, "<> " + ok3, "is http -"}, 1, 1},
	{"RFC 9112 9.3: keep-alive", []string{">< " + get, "<> " + ok3, ">< " + get, "<> " + ok0, ">< " + get, "<> " + ok3, "is http -"}, 3, 3},
	{"RFC 9110 5.3: odd header case, order, spacing and duplicates", []string{
		">< GET /A%2f?x=Y HTTP/1.1\r\nuSeR-aGeNt:x\r\nX:\t 1 \t\r\nX:2\r\nx:  \r\nHOST:a\r\n\r\n",
		"<> HTTP/1.1 200  Very  OK \r\nsErVeR:y\r\nX: \r\nX:z\r\ncontent-LENGTH:\t1 \r\n\r\n!", "is http -",
	}, 1, 1},
	{"RFC 9112 2.2: empty line before the request", []string{">< \r\n" + get, "<> " + ok0, "is http -"}, 1, 1},
	{"RFC 9112 2.2: empty line behind a body", []string{">< " + post5 + "\r\n", "<> " + ok0, ">< " + get, "<> " + ok0, "is http -"}, 2, 2},
	{"RFC 9112 6.3: request body by length", []string{">< " + post5, "<> " + ok0, ">< " + post5, "<> " + ok3, "is http -"}, 2, 2},
	{"RFC 9112 7.1: chunked request", []string{
		">< POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "<> " + ok0, ">< " + get, "<> " + ok0, "is http -",
	}, 2, 2},
	{"RFC 9112 7.1: chunked response", []string{">< " + get, "<> " + chunked + "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", ">< " + get, "<> " + ok3, "is http -"}, 2, 2},
	{"RFC 9112 7.1.1: chunk extensions and trailers", []string{
		">< " + get, "<> " + chunked + "003;a=b;c=\"d;\"\r\nabc\r\n0;last\r\nX-Sum: 1\r\nY:\r\n\r\n", ">< " + get, "<> " + ok3, "is http -",
	}, 2, 2},
	{"RFC 9112 7.1: chunk data that looks like messages", []string{
		">< " + get, "<> " + chunked + "26\r\n" + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[:0x26] + "\r\n0\r\n\r\n", ">< " + get, "<> " + ok3, "is http -",
	}, 2, 2},
	{"RFC 9112 9.3.2: pipeline", []string{">< " + get + get + get, "<> " + ok3 + ok0 + ok3, "is http -"}, 3, 3},
	{"RFC 9112 9.3.2: pipeline with bodies", []string{">< " + post5 + get + post5, "<> " + ok3, "<> " + ok0 + ok3, "is http -"}, 3, 3},
	{"RFC 9112 9.2: pipeline, responses framed by method", []string{">< " + head + get, "<> HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + ok3, "is http -"}, 2, 2},
	{"RFC 9112 9.3.2: pipeline longer than is held", []string{
		"C> " + strings.Repeat(get, 40), "S< " + strings.Repeat(get, pipelineLimit), "S<none",
		"<> " + ok3, "S< " + get, "<> " + strings.Repeat(ok0, pipelineLimit), "S< " + strings.Repeat(get, 7), "<> " + strings.Repeat(ok0, 7), "is http -",
	}, 40, 40},
	{"RFC 9112 9.3.2: pipeline longer than is held, server ends", []string{
		"C> " + strings.Repeat(get, 40), "S< " + strings.Repeat(get, pipelineLimit), "<> " + ok0, "S< " + get, "S>fin", "C<eof",
		"S< " + strings.Repeat(get, 7), "is tunnel unanswered", "C>fin", "S<eof",
	}, 33, 1},
	{"RFC 9112 9.3.2: pipeline longer than is held, client ends", []string{
		"C> " + strings.Repeat(get, 40), "C>fin", "S< " + strings.Repeat(get, pipelineLimit), "S<none",
		"S< " + strings.Repeat(get, 8), "S<eof", "is tunnel unanswered", "<> " + strings.Repeat(ok0, 40), "S>fin", "C<eof",
	}, 32, 0},
	{"RFC 9112 9.3.2: pipeline longer than is held, client ends, server answers", []string{
		"C> " + strings.Repeat(get, 40), "C>fin", "S< " + strings.Repeat(get, pipelineLimit), "<> " + strings.Repeat(ok0, 8),
		"S< " + strings.Repeat(get, 8), "S<eof", "is http -", "<> " + strings.Repeat(ok0, 32), "S>fin", "C<eof",
	}, 40, 40},
	{"RFC 9110 7.8: Upgrade behind which the client ends, answered at its end", []string{
		"C> " + ws + "\x81", "C>fin", "S< " + ws, "S<none", "S< \x81", "S<eof", "is tunnel unanswered", "<> " + switch1, "S>fin", "C<eof",
	}, 1, 0},
	{"RFC 9110 10.1.1: 100-continue", []string{
		">< PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", "<> HTTP/1.1 100 Continue\r\n\r\n",
		">< abc", "<> " + ok0, ">< " + get, "<> " + ok0, "is http -",
	}, 2, 2},
	{"RFC 9110 10.1.1: 100-continue that never comes", []string{
		">< PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", "C<none", ">< abc", "<> " + ok0, "is http -",
	}, 1, 1},
	{"RFC 9110 10.1.1: final response instead of 100", []string{
		">< PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", "<> HTTP/1.1 417 x\r\nContent-Length: 0\r\n\r\n", ">< abc", ">< " + get, "<> " + ok3, "is http -",
	}, 2, 2},
	{"RFC 9110 15.2: several interim responses", []string{
		">< " + get, "<> HTTP/1.1 102 x\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", "C<none", "<> " + ok3, ">< " + get, "<> " + ok0, "is http -",
	}, 2, 2},
	{"RFC 9110 15.2: interim response in HTTP/1.0", []string{">< GET / HTTP/1.0\r\n\r\n", "<> HTTP/1.1 100 x\r\n\r\n" + ok3, "is http -"}, 1, 1},
	{"RFC 9112 9.3: response before the request body ends", []string{
		">< POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello", "<> HTTP/1.1 413 x\r\nContent-Length: 2\r\n\r\nno", ">< world", ">< " + get, "<> " + ok3, "is http -",
	}, 2, 2},
	{"RFC 9110 9.3.2: HEAD", []string{">< " + head, "<> HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", ">< " + get, "<> " + ok3, "is http -"}, 2, 2},
	{"RFC 9110 9.3.2: HEAD, chunked", []string{">< " + head, "<> " + chunked, ">< " + get, "<> " + ok3, "is http -"}, 2, 2},
	{"RFC 9110 15.3.5: 204", []string{">< " + get, "<> HTTP/1.1 204 x\r\n\r\n", ">< " + get, "<> " + ok3, "is http -"}, 2, 2},
	{"RFC 9110 15.4.5: 304 with length", []string{">< " + get, "<> HTTP/1.1 304 x\r\nContent-Length: 1000\r\n\r\n", ">< " + get, "<> " + ok3, "is http -"}, 2, 2},
	{"RFC 9112 6.3: close-delimited", []string{">< " + get, "<> HTTP/1.1 200 OK\r\n\r\nuntil", "<>  the end", "S>fin", "C<eof", "C>fin", "S<eof"}, 1, 1},
	{"RFC 9112 6.3: HTTP/1.0", []string{">< GET / HTTP/1.0\r\n\r\n", "<> HTTP/1.0 200 OK\r\nServer: x\r\n\r\nbody", "S>fin", "C<eof", "C>fin", "S<eof"}, 1, 1},
	{"RFC 9112 9.3: HTTP/1.0 keep-alive", []string{
		">< GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "<> HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
		">< GET / HTTP/1.0\r\n\r\n", "<> HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "S>fin", "C<eof", "C>fin", "S<eof",
	}, 2, 2},
	{"RFC 9112 9.6: Connection: close", []string{
		">< GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "<> HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "S>fin", "C<eof", "C>fin", "S<eof",
	}, 1, 1},
	{"RFC 9112 9.6: bytes behind a response with close", []string{
		"C> " + get + get, "S< " + get + get, "<> HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "is http -", "<> " + ok3, "is tunnel behind-close",
	}, 2, 1},
	{"RFC 9112 9.3: bytes behind a response of HTTP/1.0 without keep-alive", []string{
		"C> " + get + get, "S< " + get + get, "<> HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "is http -", "<> " + ok3, "is tunnel behind-close",
	}, 2, 1},
	{"RFC 9112 9.6: requests behind a response with close", []string{
		">< " + get, "<> HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", ">< " + get, "is http -", "S>fin", "C<eof", "C>fin", "S<eof",
	}, 2, 1},
	{"RFC 9112 9.6: a request behind one with close", []string{
		"C> " + getClose + get, "S< " + getClose + get, "is tunnel behind-close", "<> " + ok3 + ok3,
	}, 1, 0},
	{"RFC 9112 9.3: a request behind one of HTTP/1.0 without keep-alive", []string{
		"C> GET / HTTP/1.0\r\n\r\n" + get, "S< GET / HTTP/1.0\r\n\r\n" + get, "is tunnel behind-close", "<> " + ok3 + ok3,
	}, 1, 0},
	{"RFC 9112 2.2: empty lines behind a body with close", []string{
		">< " + postClose + "hello\r\n\r\n", "is http -", "<> " + ok3, "S>fin", "C<eof", "C>fin", "S<eof",
	}, 1, 1},
	{"RFC 9110 7.8: Upgrade with close, refused", []string{
		"C> " + strings.Replace(ws, ": Upgrade", ": close, upgrade", 1) + get, "S< " + strings.Replace(ws, ": Upgrade", ": close, upgrade", 1), "S<none", "<> " + ok3, "S< " + get, "is tunnel behind-close",
	}, 1, 1},
	{"RFC 9110 9.3.6: CONNECT of HTTP/1.0", []string{
		"C> CONNECT a:443 HTTP/1.0\r\n\r\n\x16", "S< CONNECT a:443 HTTP/1.0\r\n\r\n", "S<none", "<> HTTP/1.0 200 OK\r\n\r\n", "S< \x16", "is tunnel connected",
	}, 1, 1},
	{"RFC 9112 6.1: coding in the answer to HTTP/1.0", []string{
		">< GET / HTTP/1.0\r\n\r\n", "<> " + chunked + "3\r\nabc\r\n0\r\n\r\n", "is tunnel coding-in-http10",
	}, 1, 0},
	{"RFC 9112 6.1: coding that frames nothing in the answer to HTTP/1.0", []string{
		">< HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "<> " + chunked, ">< " + get, "<> " + ok3, "is http -",
	}, 2, 2},
	{"RFC 9112 9.6: client half-closes behind its request", []string{"C> " + get, "C>fin", "S< " + get, "S<eof", "<> " + ok3, "S>fin", "C<eof"}, 1, 1},
	{"RFC 9112 9.6: client ends an idle connection", []string{">< " + get, "<> " + ok3, "C>fin", "S<eof", "S>fin", "C<eof"}, 1, 1},
	{"RFC 9112 9.6: server ends an idle connection", []string{">< " + get, "<> " + ok3, "S>fin", "C<eof", "C>fin", "S<eof"}, 1, 1},
	{"RFC 9112 9.6: server ends without a word", []string{"S>fin", "C<eof", "C>fin", "S<eof"}, 0, 0},
	{"RFC 9112 8: server ends in mid-body", []string{">< " + get, "<> HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "S>fin", "C<eof", "C>fin", "S<eof"}, 1, 1},
	{"RFC 9112 8: client ends in mid-body", []string{">< POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf", "C>fin", "S<eof", "<> " + ok0, "S>fin", "C<eof"}, 1, 1},
	{"RFC 9112 8: client ends in mid-head", []string{"C> GET / HTTP/1.1\r\nHo", "C>fin", "S< GET / HTTP/1.1\r\nHo", "S<eof", "is tunnel truncated", "<> x", "S>fin", "C<eof"}, 0, 0},
	{"RFC 9112 8: server ends in mid-head", []string{">< " + get, "S> HTTP/1.1 200 OK\r\nCont", "S>fin", "C< HTTP/1.1 200 OK\r\nCont", "C<eof", "is tunnel truncated", "C>fin", "S<eof"}, 1, 0},
	{"RFC 9112 9.6: client resets while idle", []string{">< " + get, "<> " + ok3, "C>rst", "S<rst"}, 1, 1},
	{"RFC 9112 9.6: server resets while idle", []string{">< " + get, "<> " + ok3, "S>rst", "C<rst"}, 1, 1},
	{"RFC 9112 9.6: client resets before it has sent anything", []string{"C>rst", "S<rst"}, 0, 0},
	{"RFC 9112 9.6: server resets behind a request", []string{">< " + get, "S>rst", "C<rst"}, 1, 0},
	{"RFC 9112 8: server resets in mid-body", []string{">< " + get, "<> HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "S>rst", "C<rst"}, 1, 1},
	{"RFC 9112 8: client resets in mid-body", []string{">< POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf", "C>rst", "S<rst"}, 1, 0},
	{"RFC 9112 8: client resets in mid-head", []string{"C> GET / HT", "S<none", "C>rst", "S< GET / HT", "S<rst"}, 0, 0},
	{"RFC 9112 9.2: a head that has begun before its request", []string{
		">< " + get, "<> " + ok3, "S> HTTP/1.1 4", "C<none", ">< " + get, "S> 04 x\r\nContent-Length: 0\r\n\r\n",
		"C< HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", "is tunnel unsolicited-response",
	}, 2, 1},
	{"RFC 9112 9.2: a head without a request is not held", []string{">< " + get, "<> " + ok3, "<> HTTP/1.1 200", "is tunnel unsolicited-response"}, 1, 1},
	{"RFC 9110 15.5.9: 408 that has begun before a request", []string{
		">< " + get, "<> " + ok3, "S> HTTP/1.1 408 x\r\nConn", "C<none", ">< " + get, "S> ection: close\r\n\r\ntoo late", "S>fin",
		"C< HTTP/1.1 408 x\r\nConnection: close\r\n\r\ntoo late", "C<eof", "is http -", "C>fin", "S<eof",
	}, 2, 1},
	{"RFC 9110 15.5.9: server says 408 and closes", []string{">< " + get, "<> " + ok3, "<> HTTP/1.1 408 x\r\nConnection: close\r\n\r\ntoo late", "S>fin", "C<eof", "is http -", "C>fin", "S<eof"}, 1, 1},

	{"RFC 9110 7.8: WebSocket", []string{">< " + ws, "<> " + switch1, ">< \x81\x05hello", "<> \x81\x05world", "is tunnel upgraded", "C>fin", "S<eof", "<> bye", "S>fin", "C<eof"}, 1, 1},
	{"RFC 9110 7.8: WebSocket, server speaks with the response", []string{">< " + ws, "<> " + switch1 + "\x81\x00", "is tunnel upgraded"}, 1, 1},
	{"RFC 9110 7.8: bytes behind an Upgrade wait", []string{"C> " + ws + "\x81\x05hello", "S< " + ws, "S<none", "<> " + switch1, "S< \x81\x05hello", "is tunnel upgraded"}, 1, 1},
	{"RFC 9110 7.8: Upgrade behind which the client ends", []string{"C> " + ws + "\x81", "C>fin", "S< " + ws, "S<none", "<> " + switch1, "S< \x81", "S<eof", "<> x"}, 1, 1},
	{"RFC 9110 7.8: Upgrade that is never answered", []string{"C> " + ws + "\x81", "S< " + ws, "S<none", "S>fin", "C<eof", "S< \x81", "is tunnel unanswered", "C>fin", "S<eof"}, 1, 0},
	{"RFC 9110 7.8: Upgrade refused", []string{"C> " + ws + get, "S< " + ws, "S<none", "<> " + ok3, "S< " + get, "<> " + ok0, "is http -"}, 2, 2},
	{"RFC 9110 7.8: Upgrade with interim response", []string{"C> " + ws + "x", "S< " + ws, "<> HTTP/1.1 103 x\r\n\r\n", "S<none", "<> " + switch1, "S< x", "is tunnel upgraded"}, 1, 1},
	{"RFC 9110 7.8: Upgrade with a body", []string{
		">< POST / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\nContent-Length: 5\r\n\r\nhello", "C> more", "S<none", "<> " + switch1, "S< more", "is tunnel upgraded",
	}, 1, 1},
	{"RFC 9110 7.8: Upgrade behind a pipeline", []string{"C> " + get + ws + "x", "S< " + get + ws, "<> " + ok3, "S<none", "<> " + switch1, "S< x", "is tunnel upgraded"}, 2, 2},
	{"RFC 9110 9.3.6: CONNECT", []string{"C> " + connect + "\x16\x03", "S< " + connect, "S<none", "<> HTTP/1.1 200 OK\r\n\r\n", "S< \x16\x03", "<> \x16\x03\x01", "is tunnel connected"}, 1, 1},
	{"RFC 9110 9.3.6: CONNECT refused", []string{"C> " + connect + get, "S< " + connect, "<> HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n", "S< " + get, "<> " + ok3, "is http -"}, 2, 2},
	{"RFC 9110 15.2.2: 101 without Upgrade", []string{">< " + get, "<> " + switch1, "<> anything", ">< goes", "is tunnel unasked-upgrade"}, 1, 0},

	{"SSH, server first", []string{"<> SSH-2.0-y\r\n", ">< SSH-2.0-x\r\n", "is tunnel server-first"}, 0, 0},
	{"mail", []string{"<> 220 mail\r\n", ">< EHLO x\r\n", "<> 250 mail\r\n", "is tunnel server-first"}, 0, 0},
	{"RFC 9112 2.3: HTTP/0.9", []string{">< GET /\r\n", "<> <html>", "S>fin", "C<eof", "is tunnel no-version", "C>fin", "S<eof"}, 0, 0},
	{"RFC 9112 9.3.2: not HTTP behind a request", []string{"C> " + get + "\x00\x01", "S< " + get + "\x00\x01", "<> " + ok3 + "junk", "is tunnel nul"}, 1, 0},
	{"RFC 9112 7.1: malformed chunk in a request", []string{
		">< POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n", "<> " + ok3, "is tunnel bad-chunk",
	}, 1, 0},
	{"RFC 9112 7.1: malformed chunk in a response", []string{">< " + get, "<> " + chunked + "zz\r\nwhatever", ">< " + get, "is tunnel bad-chunk"}, 1, 1},
	{"RFC 9112 2.2: response with bare LF", []string{">< " + get, "<> HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", ">< " + get, "is tunnel bare-lf"}, 1, 0},
	{"RFC 9112 2.3: response of another protocol", []string{">< " + get, "<> ICY 200 OK\r\nicy-name: x\r\n\r\n", "<> sound", "is tunnel not-http"}, 1, 0},
	{"tunnel carries resets", []string{">< \x16\x03", "<> \x16", "S>rst", "C<rst"}, 0, 0},
	{"tunnel carries half-close", []string{">< \x16\x03", "S>fin", "C<eof", ">< still", "C>fin", "S<eof"}, 0, 0},
}

func TestScripts(t *testing.T) {
	for _, c := range scripts {
		t.Run(c.name, func(t *testing.T) { playAndCount(t, c.script, c.requests, c.responses) })
		t.Run(c.name+", byte by byte", func(t *testing.T) {
			playAndCount(t, byteByByte(c.script), c.requests, c.responses)
		})
	}
}

func playAndCount(t *testing.T, script []string, requests, responses uint64) {
	t.Helper()
	r := newRig(t, Settings{})
	_, _ = r.client.SetNoDelay(true), r.server.SetNoDelay(true)
	r.play(script...)
	if got := r.cell(scoreboard.Requests); got != requests {
		t.Errorf("%d requests counted, want %d", got, requests)
	}
	if got := r.cell(scoreboard.Responses); got != responses {
		t.Errorf("%d responses counted, want %d", got, responses)
	}
	if n := r.held(); n != 0 {
		t.Errorf("%d bytes held at the end", n)
	}
}

// byteByByte makes each byte a step of its own where a step sends.
func byteByByte(script []string) []string {
	var steps []string
	for _, step := range script {
		what, text, _ := strings.Cut(step, " ")
		from, to := what, ""
		switch what {
		case "><":
			from, to = "C>", "S<"
		case "<>":
			from, to = "S>", "C<"
		case "C>", "S>":
		default:
			steps = append(steps, step)
			continue
		}
		for i := range len(text) {
			steps = append(steps, from+" "+text[i:i+1])
		}
		if to != "" {
			steps = append(steps, to+" "+text)
		}
	}
	return steps
}

// With non_http="reset" none of what is not HTTP reaches the other end:
// TestMalformedMessages has what can go wrong first on a connection.
func TestResetInsteadOfTunnel(t *testing.T) {
	for _, c := range []struct {
		name   string
		script []string
		reason string
	}{
		{"behind a good exchange", []string{">< " + get, "<> " + ok3, "C> \x00", "S<rst", "C<rst"}, "nul"},
		{"Upgrade that is never answered", []string{"C> " + ws + "x", "S< " + ws, "S>fin", "C<eof", "S<rst"}, "unanswered"},
		{"chunk", []string{">< " + get, "<> " + chunked, "S> x", "C<rst", "S<rst"}, "bad-chunk"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, Settings{ResetNonHTTP: true})
			r.play(c.script...)
			var counted []string
			for reason := range reasonCount {
				if r.cell(scoreboard.TunnelBy+scoreboard.Cell(reason)) > 0 {
					counted = append(counted, reason.String())
				}
			}
			if len(counted) != 1 || counted[0] != c.reason {
				t.Errorf("counted by reason: %v, want %s", counted, c.reason)
			}
			if r.cell(scoreboard.Tunnels) != 0 || r.cell(scoreboard.Resets) != 1 || r.cell(scoreboard.Ended) != 1 {
				t.Errorf("tunnels %d, resets %d, ended %d; want 0, 1, 1",
					r.cell(scoreboard.Tunnels), r.cell(scoreboard.Resets), r.cell(scoreboard.Ended))
			}
		})
	}
	t.Run("agreed upgrade is none of it", func(t *testing.T) {
		r := newRig(t, Settings{ResetNonHTTP: true})
		r.play(">< "+ws, "<> "+switch1, ">< \x00", "<> \x00", "is tunnel upgraded")
	})
}
