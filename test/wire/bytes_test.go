package wire

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"limpid/test/lab"
)

// oddNames are header names in the case people really send them, and worse.
var oddNames = [...]string{"host-like", "X-UPPER", "x-lower", "X-MiXeD-CaSe", "x_underscore", "X--", "A", "Set-Cookie", "set-cookie", "ETag", "etag", "X-1.2~3"}

// oddValue has spacing, lengths and bytes that a rewriting proxy would tidy.
func oddValue(r *rand.Rand) string {
	values := []string{"", " ", "\t", "a", "a  b", "a\tb", " lead", "trail \t ", "a,b,,c, ,d", `"quoted, comma"`, "caf\xe9", "\xff\xfe obs-text", strings.Repeat("long ", 300)}
	return values[r.IntN(len(values))]
}

func oddHeaders(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(12) {
		fmt.Fprintf(&b, "%s:%s%s\r\n", oddNames[r.IntN(len(oddNames))], []string{"", " ", "  ", "\t"}[r.IntN(4)], oddValue(r))
	}
	return b.String()
}

func chunked(r *rand.Rand, body []byte) []byte {
	var b bytes.Buffer
	for len(body) > 0 {
		n := 1 + r.IntN(len(body))
		format := []string{"%x", "%X", "00%x", "%x;ext=1", "%x;e=\"q;\""}[r.IntN(5)]
		fmt.Fprintf(&b, format+"\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	b.WriteString([]string{"0\r\n\r\n", "000\r\n\r\n", "0;last\r\nX-Trailer:  t \r\n\r\n"}[r.IntN(3)])
	return b.Bytes()
}

// oddExchange is request and response number i of a conversation; with the
// same i it is always the same.
func oddExchange(i int) lab.Exchange {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	body := make([]byte, r.IntN(5000))
	for j := range body {
		body[j] = byte(r.Uint32())
	}
	method := []string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "M-SEARCH"}[i%8]
	target := []string{"/", "/a%20b?q=%zz", "//double//slash", "/../up", "http://o/absolute", "/;p=1?a=b&c=%C3%A9"}[r.IntN(6)]
	head := fmt.Sprintf("%s %s HTTP/1.1\r\n%s%s\r\n", method, target, []string{"Host: o", "host:o", "HOST:   o  "}[r.IntN(3)], "\r\n"+oddHeaders(r))
	head = strings.TrimSuffix(head, "\r\n")
	var request []byte
	switch {
	case method == "GET" || method == "DELETE" || method == "OPTIONS":
		request = []byte(head + "\r\n")
	case r.IntN(2) == 0:
		request = append([]byte(head+"Transfer-Encoding: chunked\r\n\r\n"), chunked(r, body)...)
	default:
		request = append([]byte(fmt.Sprintf("%scontent-LENGTH:%d\r\n\r\n", head, len(body))), body...)
	}
	status := []string{"200 OK", "200", "404  Two  Spaces", "299 \xe9t\xe9", "500 x", "301 "}[r.IntN(6)]
	if status == "200" {
		status = "200 " // the space is not optional (RFC 9112 section 4)
	}
	respHead := fmt.Sprintf("HTTP/1.1 %s\r\n%s", status, oddHeaders(r))
	var response []byte
	switch r.IntN(4) {
	case 0:
		response = []byte("HTTP/1.1 204 No Content\r\n" + oddHeaders(r) + "\r\n")
	case 1:
		response = append([]byte(respHead+"Transfer-Encoding: chunked\r\n\r\n"), chunked(r, body)...)
	case 2:
		response = append([]byte("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"+respHead+"Content-Length: 0\r\n\r\n"), nil...)
	default:
		response = append([]byte(fmt.Sprintf("%sContent-Length:   %d\r\n\r\n", respHead, len(body))), body...)
	}
	return lab.Exchange{Request: request, Response: response}
}

func TestEveryByteCrosses(t *testing.T) {
	const pairs, perConnection = 200, 10
	l, p := inline(t, basic)
	for first := 0; first < pairs; first += perConnection {
		play := &lab.Playback{}
		for i := range perConnection {
			play.Exchanges = append(play.Exchanges, oddExchange(first+i))
		}
		server, err := l.S1.Serve(":80", play.Handle)
		must(t, err)
		conn := dial(t, l.C1, "10.77.0.101:80")
		var sent []byte
		for i, e := range play.Exchanges {
			sent = append(sent, e.Request...)
			got, err := lab.RawExchange(t.Context(), conn, e.Request, lab.Bytes(len(e.Response)))
			if err != nil || !bytes.Equal(got, e.Response) {
				t.Fatalf("pair %d: %v\nclient sent %q\ngot  %q\nwant %q", first+i, err, e.Request, got, e.Response)
			}
		}
		must(t, conn.Close())
		eventually(t, "the server to see the end", func() bool { got, _ := play.Received(); return len(got) == 1 })
		got, err := play.Received()
		must(t, err)
		if !bytes.Equal(got[0], sent) {
			t.Errorf("pairs %d to %d: the server received %d bytes that differ from the %d sent", first, first+perConnection-1, len(got[0]), len(sent))
		}
		must(t, server.Close())
	}
	// The proxy publishes its counts a few times a second.
	eventually(t, "every request to be counted, none to cross in a tunnel", func() bool { return status(t, p).Requests == pairs })
	if s := status(t, p); s.Flows.Captured != pairs/perConnection {
		t.Errorf("%d flows captured, want %d", s.Flows.Captured, pairs/perConnection)
	}
}
