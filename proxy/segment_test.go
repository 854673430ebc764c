package proxy

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/proxy/flowtest"
)

// A small response that arrives whole leaves whole: head and body are one write, and one segment.
func TestASmallResponseIsOneSegment(t *testing.T) {
	// What were taken for a tunnel would be reset.
	r := newRig(t, Settings{Loops: 1, NonHTTP: "reset", Grace: 50 * time.Millisecond}).start()
	for name, response := range map[string]string{
		"body":    ok3,
		"no body": "HTTP/1.1 204 No Content\r\n\r\n",
		"1 KiB":   "HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024),
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
		"interim": "HTTP/1.1 103 Early Hints\r\n\r\n" + ok3,
	} {
		t.Run(name, func(t *testing.T) {
			e := r.flow()
			e.exchange()
			before := dataSegments(t, e.client)
			for range 3 {
				e.client.Send(get)
				e.server.Expect(get)
				e.server.Send(response)
				e.client.Expect(response)
			}
			if n := dataSegments(t, e.client) - before; n != 3 {
				t.Errorf("three responses came in %d segments", n)
			}
		})
	}
	t.Run("to the end of the connection", func(t *testing.T) {
		e := r.flow()
		const response = "HTTP/1.1 200 OK\r\n\r\nabc"
		e.client.Send(get)
		e.server.Expect(get)
		e.server.Send(response)
		e.server.Finish()
		e.client.Expect(response)
		e.client.ExpectEOF()
		if n := dataSegments(t, e.client); n != 1 {
			t.Errorf("the response came in %d segments", n)
		}
	})
	r.end()
}

// dataSegments is how many segments with data an end has received (tcp(7), TCP_INFO).
func dataSegments(t *testing.T, e *flowtest.End) uint32 {
	t.Helper()
	fd := flowtest.Descriptor(t, e.TCPConn)
	defer unix.Close(fd)
	info, err := unix.GetsockoptTCPInfo(fd, unix.SOL_TCP, unix.TCP_INFO)
	if err != nil {
		t.Fatal(err)
	}
	return info.Data_segs_in
}
