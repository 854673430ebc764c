package web

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Bounds of a connection. Slow clients hold a connection for so long and no longer.
const (
	headTimeout  = 5 * time.Second
	readTimeout  = 10 * time.Second
	writeTimeout = 20 * time.Second
	idleTimeout  = 60 * time.Second
	maxHead      = 16 << 10 // bytes
	endTimeout   = time.Second
)

// plainPort only redirects; every other port speaks HTTPS.
const plainPort = 80

// Serve answers on listeners, which are those that Settings.Listen names, until ctx
// ends, and closes them. Whoever is connected by then is answered, within endTimeout.
func (p *Page) Serve(ctx context.Context, listeners []net.Listener) error {
	var serving sync.WaitGroup
	var servers []*http.Server
	failed := make(chan error, len(listeners))
	room := newRoom()
	for _, listener := range listeners {
		server := p.server(p.Handler())
		servers = append(servers, server)
		listener := room.limit(listener)
		if isPlain(listener) {
			server.Handler = p.redirector()
		} else {
			listener = tls.NewListener(listener, p.tls())
		}
		serving.Go(func() { failed <- fmt.Errorf("serve the page on %v: %w", listener.Addr(), server.Serve(listener)) })
	}
	var err error
	select {
	case <-ctx.Done():
		p.finish(listeners, servers, room)
	case err = <-failed:
	}
	for _, server := range servers {
		_ = server.Close()
	}
	serving.Wait()
	return err
}

// finish takes nobody else in, and lets those who are there leave. It is not
// http.Server.Shutdown, which drops whatever request it meets half read.
func (p *Page) finish(listeners []net.Listener, servers []*http.Server, room *room) {
	for _, listener := range listeners {
		_ = listener.Close()
	}
	for _, server := range servers {
		server.SetKeepAlivesEnabled(false)
	}
	p.streams.end()
	room.awaitEmpty(endTimeout)
}

func (p *Page) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHead,
		// Each stranger who breaks off a handshake would write a line.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}

// tls offers HTTP/1.1 alone: with HTTP/2 one connection could ask for anything any
// number of times at once.
func (p *Page) tls() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{p.certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
}

func isPlain(l net.Listener) bool { return portOf(l.Addr()) == plainPort }

func portOf(a net.Addr) int {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.Port
	}
	return 0
}
