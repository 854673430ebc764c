package lab

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestContentNoticesEveryChange(t *testing.T) {
	const size = 100_003
	body, err := io.ReadAll(Content(size).Reader())
	must(t, err)
	if n, err := Content(size).Verify(bytes.NewReader(body)); err != nil || n != size {
		t.Fatalf("its own body: %d, %v", n, err)
	}
	other, err := io.ReadAll(Content(size + 8).Reader())
	must(t, err)
	flipped := bytes.Clone(body)
	flipped[54321] ^= 1
	for name, wrong := range map[string][]byte{
		"empty":     nil,
		"cut":       body[:size-1],
		"longer":    append(bytes.Clone(body), 0),
		"flipped":   flipped,
		"shifted":   slices.Concat(body[8:], body[:8]),
		"repeated":  slices.Concat(body[:4096], body[:size-4096]),
		"another's": other[:size],
	} {
		if n, err := Content(size).Verify(bytes.NewReader(wrong)); err == nil {
			t.Errorf("%s: verified, %d bytes", name, n)
		}
	}
	if n, err := Content(0).Verify(bytes.NewReader(nil)); err != nil || n != 0 {
		t.Errorf("empty body: %d, %v", n, err)
	}
	// Any part of it is the same bytes as the whole has there.
	part := make([]byte, 1000)
	for _, off := range []int64{0, 1, 7, 8, 77_777, size - 1000} {
		if _, err := Content(size).ReadAt(part, off); err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(part, body[off:off+1000]) {
			t.Errorf("part at %d differs: %v", off, err)
		}
	}
	if n, err := Content(size).ReadAt(part, size+1); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("read past the end: %d, %v", n, err)
	}
}

// One lab serves all, each with a port of its own.
func TestServers(t *testing.T) {
	l := plain(t)
	t.Run("origin", func(t *testing.T) { testOrigin(t, l) })
	t.Run("playback", func(t *testing.T) { testPlaybackAndRawExchange(t, l) })
	t.Run("raw exchange", func(t *testing.T) { testRawExchangeNeverHangs(t, l) })
	t.Run("close", func(t *testing.T) { testServerCloseEndsHandlers(t, l) })
}

// answer is a response that has been read and closed.
type answer struct {
	status   int
	length   int64
	encoding []string
	header   http.Header
	body     string
}

func testOrigin(t *testing.T, l *Lab) {
	o, err := l.S2.HTTPOrigin("10.80.0.2:80")
	must(t, err)
	transport := &http.Transport{DialContext: l.C1.Dialer().DialContext}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	do := func(method, path, body string) answer {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://10.80.0.2"+path, strings.NewReader(body))
		must(t, err)
		resp, err := client.Do(req)
		must(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		must(t, err)
		return answer{resp.StatusCode, resp.ContentLength, resp.TransferEncoding, resp.Header, string(b)}
	}

	a := do("GET", "/bytes/100000?header=Cache-Control:max-age=60&header=X-A:%20b", "")
	if _, err := Content(100000).Verify(strings.NewReader(a.body)); err != nil || a.length != 100000 {
		t.Errorf("/bytes: %v, length %d", err, a.length)
	}
	if a.header.Get("Cache-Control") != "max-age=60" || a.header.Get("X-A") != "b" || a.header.Get("ETag") != `"100000"` {
		t.Errorf("/bytes: headers %v", a.header)
	}
	for _, path := range []string{"/chunked/2500", "/chunked/0", "/slow/2500?ms=1"} {
		a = do("GET", path, "")
		size := Content(2500)
		if path == "/chunked/0" {
			size = 0
		}
		if _, err := size.Verify(strings.NewReader(a.body)); err != nil || a.length != -1 || !slices.Equal(a.encoding, []string{"chunked"}) {
			t.Errorf("%s: %v, length %d, encoding %v", path, err, a.length, a.encoding)
		}
	}
	if a = do("GET", "/delay?ms=10", ""); a.body != "late" {
		t.Errorf("/delay: %q", a.body)
	}
	a = do("POST", "/echo?x=1", "hello")
	if a.body != "hello" || a.header.Get("X-Request-Line") != "POST /echo?x=1 HTTP/1.1" || !strings.HasPrefix(a.header.Get("X-Client"), "10.77.0.11:") {
		t.Errorf("/echo: %q %v", a.body, a.header)
	}
	for path, want := range map[string]int{"/status/503": 503, "/status/x": 400, "/bytes/x": 400, "/chunked/-1": 400, "/nothing": 404} {
		if a = do("GET", path, ""); a.status != want {
			t.Errorf("%s: status %d, want %d", path, a.status, want)
		}
	}

	requests := o.Requests()
	accepted := o.Accepted()
	if len(requests) != 11 || len(accepted) != 1 {
		t.Fatalf("%d requests on %d connections, want 11 on 1", len(requests), len(accepted))
	}
	for _, r := range requests {
		if r.Client != accepted[0].Client || r.Client.Addr() != l.C1.IP4() || r.Host != "10.80.0.2" {
			t.Errorf("request seen as %+v", r)
		}
	}
	if accepted[0].Server.String() != "10.80.0.2:80" {
		t.Errorf("accepted at %s", accepted[0].Server)
	}
	must(t, o.Close())
	must(t, o.Close())
	if _, err := l.C1.Dial(t.Context(), "tcp", "", "10.80.0.2:80"); err == nil {
		t.Error("a closed origin accepts")
	}
}

func testPlaybackAndRawExchange(t *testing.T, l *Lab) {
	var exchanges []Exchange
	for i := range 20 {
		exchanges = append(exchanges, Exchange{
			Request:  fmt.Appendf(nil, "GET /%d HTTP/1.1\r\nhOsT:  x \r\nX-%d:\t\x80\r\n\r\n", i, i),
			Response: fmt.Appendf(nil, "HTTP/1.1 200 OK\r\ncontent-LENGTH: 2\r\n\r\n%02d", i),
		})
	}
	p := &Playback{Exchanges: exchanges}
	s, err := l.S1.Serve("10.77.0.101:80", p.Handle)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, err := l.C1.Dial(ctx, "tcp", "10.77.0.11:40000", "10.77.0.101:80")
	must(t, err)
	var sent []byte
	for i, e := range exchanges {
		got, err := RawExchange(ctx, conn, e.Request, Bytes(len(e.Response)))
		if err != nil || !bytes.Equal(got, e.Response) {
			t.Errorf("exchange %d: %q, %v", i, got, err)
		}
		sent = append(sent, e.Request...)
	}
	must(t, conn.Close())
	for ctx.Err() == nil {
		if all, _ := p.Received(); len(all) > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	received, err := p.Received()
	must(t, err)
	if len(received) != 1 || !bytes.Equal(received[0], sent) {
		t.Errorf("server received %q, client sent %q", received, sent)
	}
	if a := s.Accepted(); len(a) != 1 || a[0].Client.String() != "10.77.0.11:40000" {
		t.Errorf("accepted %v", a)
	}

	// A client that breaks off is told of.
	conn, err = l.C1.Dial(ctx, "tcp", "", "10.77.0.101:80")
	must(t, err)
	_, err = conn.Write([]byte("GET"))
	must(t, err)
	must(t, conn.CloseWrite())
	if got, err := RawExchange(ctx, conn, nil, nil); len(got) != 0 {
		t.Errorf("answer to half a request: %q, %v", got, err)
	}
	must(t, conn.Close())
	must(t, s.Close())
	if _, err := p.Received(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half a request: %v", err)
	}
}

func testRawExchangeNeverHangs(t *testing.T, l *Lab) {
	// A server that reads nothing and says "early" at once.
	_, err := l.C1.Serve("127.0.0.1:80", func(ctx context.Context, conn *net.TCPConn) {
		_, _ = conn.Write([]byte("early"))
		<-ctx.Done()
	})
	must(t, err)
	dial := func() *net.TCPConn {
		conn, err := l.C1.Dial(t.Context(), "tcp", "", "127.0.0.1:80")
		must(t, err)
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	got, err := RawExchange(ctx, dial(), make([]byte, 64<<20), func(got []byte) bool {
		if len(got) == len("early") {
			cancel() // while the write still waits
		}
		return false
	})
	if !errors.Is(err, context.Canceled) || string(got) != "early" {
		t.Errorf("got %q, %v; want what came and the cause", got, err)
	}
	// An answer before all is written ends the exchange, but not as a success.
	ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	got, err = RawExchange(ctx, dial(), make([]byte, 64<<20), Bytes(len("early")))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %q, %v; want the deadline of the write", got, err)
	}
}

func testServerCloseEndsHandlers(t *testing.T, l *Lab) {
	ended := make(chan error, 1)
	s, err := l.C1.Serve("127.0.0.1:81", func(_ context.Context, conn *net.TCPConn) {
		_, err := bufio.NewReader(conn).ReadByte()
		ended <- err
	})
	must(t, err)
	conn, err := l.C1.Dial(t.Context(), "tcp", "", s.Endpoint().String())
	must(t, err)
	defer conn.Close()
	for s.Open() == 0 {
		time.Sleep(time.Millisecond)
	}
	must(t, s.Close())
	select {
	case err := <-ended:
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("handler ended with %v", err)
		}
	default:
		t.Error("Close returned before the handler")
	}
	if s.Open() != 0 {
		t.Errorf("%d connections open after Close", s.Open())
	}
}
