package clients

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// oddAnswers are what a proper server never says, and what some do; the
// connection is closed after each.
func oddAnswers() map[string]string {
	return map[string]string{
		"/http09":      "<html>no status line at all</html>\n",
		"/bare-lf":     "HTTP/1.1 200 OK\nContent-Length: 5\nX-A: b\n\nbody\n",
		"/fold":        "HTTP/1.1 200 OK\r\nX-Long: one\r\n two\r\nContent-Length: 5\r\n\r\nbody\n",
		"/lengths":     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nbody\n",
		"/differing":   "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nbody\n",
		"/both":        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbody\n\r\n0\r\n\r\n",
		"/no-reason":   "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nbody\n",
		"/lower":       "HTTP/1.1 200 ok\r\ncontent-length:5\r\n\r\nbody\n",
		"/many-hints":  "HTTP/1.1 103 Hint\r\nLink: <a>\r\n\r\nHTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody\n",
		"/extensions":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b;c=\"d\"\r\nbody\n\r\n000\r\nX-T: 1\r\n\r\n",
		"/bad-chunk":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nbody\n\r\n0\r\n\r\n",
		"/gzip-chunk":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nbody\n\r\n0\r\n\r\n",
		"/http10":      "HTTP/1.0 200 OK\r\n\r\nuntil the end\n",
		"/keep10":      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nbody\n",
		"/cut":         "HTTP/1.1 200 OK\r\nContent-Le",
		"/nothing":     "",
		"/extra":       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody\nand what nobody asked for",
		"/space-colon": "HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length: 5\r\n\r\nbody\n",
		"/huge-head":   "HTTP/1.1 200 OK\r\nX-Big: " + string(make20k()) + "\r\nContent-Length: 5\r\n\r\nbody\n",
		"/http2":       "HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nbody\n",
		"/icy":         "ICY 200 OK\r\nContent-Type: audio/mpeg\r\n\r\nnoise\n",
		"/dribble":     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody\n",
	}
}

func make20k() []byte {
	b := make([]byte, 20_000)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}

// startOdd answers by path, in one write, or byte by byte for /dribble.
func (w *world) startOdd(context.Context) error {
	answers := oddAnswers()
	_, err := w.lab.S1.Serve(odd+":80", func(ctx context.Context, conn *net.TCPConn) {
		reader := bufio.NewReader(conn)
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body) // a client that breaks off
		answer, step := []byte(answers[request.URL.Path]), 1<<20
		if request.URL.Path == "/dribble" {
			step = 1
		}
		for len(answer) > 0 && ctx.Err() == nil {
			n := min(step, len(answer))
			if _, err := conn.Write(answer[:n]); err != nil {
				return
			}
			answer = answer[n:]
			if step == 1 {
				time.Sleep(2 * time.Millisecond)
			}
		}
	})
	return err
}
