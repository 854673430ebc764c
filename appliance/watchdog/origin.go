package watchdog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// healthPath is followed by the nonce.
const healthPath = "/limpid-health/"

// Origin is the server behind health checks: it answers a nonce with itself.
type Origin struct {
	listener net.Listener
	address  netip.AddrPort
}

// ListenOrigin opens the origin on a free loopback port.
func ListenOrigin(ctx context.Context) (*Origin, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for health checks: %w", err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return nil, errors.Join(fmt.Errorf("listen for health checks: odd address %v", listener.Addr()), listener.Close())
	}
	return &Origin{listener, address.AddrPort()}, nil
}

// Address is where the gate is to connect health checks to.
func (o *Origin) Address() netip.AddrPort { return o.address }

// Close frees the port of an origin that was never served.
func (o *Origin) Close() error { return o.listener.Close() }

// Serve answers until ctx ends.
func (o *Origin) Serve(ctx context.Context) error {
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			nonce, ok := strings.CutPrefix(r.URL.Path, healthPath)
			if !ok {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Cache-Control", "no-store")
			_, _ = io.WriteString(w, nonce) // a check that went away has failed on its own side
		}),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       10 * time.Second,
		MaxHeaderBytes:    4 << 10,
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = server.Close()
	})
	err := server.Serve(o.listener)
	if !stop() {
		<-closed
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return errors.Join(fmt.Errorf("answer health checks: %w", err), server.Close())
}
