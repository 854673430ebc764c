package relay

import (
	"testing"

	"golang.org/x/sys/unix"

	"limpid/proxy/flowtest"
	"limpid/proxy/handover"
)

// What is not a whole request is acknowledged at once, whole ones with their answers.
func TestPiecesAreAcknowledgedAtOnce(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, test := range map[string]struct {
		script  []string
		hurried bool
	}{
		"request":                {[]string{">< " + get}, false},
		"two requests":           {[]string{">< " + get + get}, false},
		"head in pieces":         {[]string{"C> GET / HTTP/1.1\r\n", "S<none", "C> Host: a\r\n\r\n", "S< " + get}, true},
		"body behind its head":   {[]string{">< POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"}, true},
		"body with its head":     {[]string{">< POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"}, false},
		"second request's body":  {[]string{">< " + get, "<> HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ">< POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"}, true},
		"tunnel":                 {[]string{">< SSH-2.0-x\r\n"}, true},
		"server that goes first": {[]string{"<> 220 mail\r\n"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newWorker(t, Settings{})
			c, u := r.connect()
			// As the listener leaves it (supervise, listenTPROXY).
			if err := unix.SetsockoptInt(c, unix.SOL_TCP, unix.TCP_QUICKACK, 0); err != nil {
				t.Fatal(err)
			}
			r.take(&handover.Flow{ClientFD: c, UpstreamFD: u, Mirror: true})
			r.play(test.script...)
			hurried := flowtest.On(t, r.loop, func() bool { return r.worker.flows[0].hurried })
			if hurried != test.hurried {
				t.Errorf("hurried is %v", hurried)
			}
			// A whole request's ACK comes after 40 ms without an answer, so nothing is said of that.
			if at, err := unix.GetsockoptInt(c, unix.SOL_TCP, unix.TCP_QUICKACK); hurried && (err != nil || at != 1) {
				t.Errorf("ACKs at once: %d, %v", at, err)
			}
		})
	}
}
