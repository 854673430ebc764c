package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Request is one HTTP request as the origin saw it.
type Request struct {
	Time        time.Time
	Client      netip.AddrPort
	Method, URI string
	Host        string
	Header      http.Header
}

// Origin is a small HTTP server in a node:
//
//	/bytes/N          Content(N) with Content-Length, ETag and ranges
//	/chunked/N        the same in chunks of 1,000 bytes
//	/slow/N?ms=M      the same, M ms (default 10) between chunks
//	/delay?ms=M       nothing for M ms, then "late"
//	/echo             the request's body, X-Client and X-Request-Line
//	/client           the client's address and port as the origin sees them
//	/status/NNN       that status, empty
//
// Each takes header=Name:Value, as often as wanted, to set response headers.
type Origin struct {
	*acceptLog
	server *http.Server
	served chan struct{}

	hurried chan struct{} // closed by Hurry

	mu   sync.Mutex
	seen []Request
}

// HTTPOrigin starts an origin on addr, like ":80".
func (n *Node) HTTPOrigin(addr string) (*Origin, error) {
	ln, err := n.listenLogged(context.Background(), addr)
	if err != nil {
		return nil, err
	}
	o := &Origin{acceptLog: ln, served: make(chan struct{}), hurried: make(chan struct{})}
	o.server = &http.Server{Handler: o.handler(), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(o.served)
		_ = o.server.Serve(ln) // ends by Close alone
	}()
	n.lab.onClose(o.Close)
	return o, nil
}

// Close ends the origin and its connections; twice is harmless.
func (o *Origin) Close() error {
	err := o.server.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	<-o.served
	return errors.Join(err, o.end())
}

// Hurry ends the pauses of /slow from now on, so that a response lasts as long as it is
// needed and no longer. It may be called once.
func (o *Origin) Hurry() { close(o.hurried) }

// Requests lists every request so far, in order of arrival.
func (o *Origin) Requests() []Request {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.seen)
}

// handler notes each request before it is answered.
func (o *Origin) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/bytes/{n}", func(w http.ResponseWriter, r *http.Request) {
		c, err := size(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("ETag", `"`+r.PathValue("n")+`"`)
		http.ServeContent(w, r, "", time.Time{}, c.Reader())
	})
	mux.HandleFunc("/chunked/{n}", o.pieces(0))
	mux.HandleFunc("/slow/{n}", o.pieces(10*time.Millisecond))
	mux.HandleFunc("/delay", func(w http.ResponseWriter, r *http.Request) {
		pause(r.Context(), wait(r, 0))
		_, _ = io.WriteString(w, "late")
	})
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/client", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.RemoteAddr)
	})
	mux.HandleFunc("/status/{n}", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.PathValue("n"))
		if err != nil || code < 200 || code > 599 {
			code = http.StatusBadRequest
		}
		w.WriteHeader(code)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.note(r)
		for _, h := range r.URL.Query()["header"] {
			name, value, _ := strings.Cut(h, ":")
			w.Header().Add(name, strings.TrimSpace(value))
		}
		mux.ServeHTTP(w, r)
	})
}

// note copies what a handler may change later.
func (o *Origin) note(r *http.Request) {
	client, _ := netip.ParseAddrPort(r.RemoteAddr)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen = append(o.seen, Request{
		Time: time.Now(), Client: netip.AddrPortFrom(client.Addr().Unmap(), client.Port()),
		Method: r.Method, URI: r.RequestURI, Host: r.Host, Header: r.Header.Clone(),
	})
}

// size is the N of the path.
func size(r *http.Request) (Content, error) {
	n, err := strconv.ParseInt(r.PathValue("n"), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("size %q: want a number of bytes", r.PathValue("n"))
	}
	return Content(n), nil
}

// wait is the request's ms parameter.
func wait(r *http.Request, usual time.Duration) time.Duration {
	if ms, err := strconv.Atoi(r.URL.Query().Get("ms")); err == nil {
		return time.Duration(ms) * time.Millisecond
	}
	return usual
}

// pause waits, or until the client has gone.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// rest is pause, or until there is a hurry.
func (o *Origin) rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-o.hurried:
	case <-time.After(d):
	}
}

// pieces answers with chunks of 1,000 bytes, each flushed on its own.
func (o *Origin) pieces(usual time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := size(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		flush := http.NewResponseController(w)
		body, gap := c.Reader(), wait(r, usual)
		// Before the first byte too: an empty body is chunked as well.
		for err := flush.Flush(); err == nil && r.Context().Err() == nil; {
			if _, err = io.CopyN(w, body, 1000); err == nil {
				err = flush.Flush()
				o.rest(r.Context(), gap)
			}
		}
	}
}

// echo sends the body back as it comes, with the length it was announced with.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Client", r.RemoteAddr)
	w.Header().Set("X-Request-Line", r.Method+" "+r.RequestURI+" "+r.Proto)
	if r.ContentLength >= 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	// Answer while the request still comes.
	_ = http.NewResponseController(w).EnableFullDuplex()
	_, _ = io.Copy(w, r.Body)
}
