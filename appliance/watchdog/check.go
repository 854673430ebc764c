package watchdog

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"syscall"
)

// maxAnswer bounds what a check reads, in bytes.
const maxAnswer = 4 << 10

// check makes one request to the gate's listener as a client would and returns
// nil if the origin's answer comes back before ctx ends. The connection is
// ended by a reset, so that no check leaves a socket in TIME_WAIT anywhere.
func check(ctx context.Context, listener netip.AddrPort) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp4", listener.String())
	if err != nil {
		return explain(ctx, "connect to the gate", err)
	}
	defer conn.Close()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()

	nonce := rand.Text()
	if _, err := io.WriteString(conn, "GET "+healthPath+nonce+" HTTP/1.1\r\nHost: limpid\r\n\r\n"); err != nil {
		return explain(ctx, "send the request", err)
	}
	response, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, maxAnswer)), nil)
	if err != nil {
		return explain(ctx, "read the answer", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return explain(ctx, "read the answer", err)
	}
	if response.StatusCode != http.StatusOK || string(body) != nonce {
		return fmt.Errorf("answer is not the origin's: %s with %d bytes", response.Status, len(body))
	}
	return nil
}

// explain puts the usual failures of a check in plain words.
func explain(ctx context.Context, what string, err error) error {
	switch {
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%s: no answer in time", what)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: connection was closed", what)
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return fmt.Errorf("%s: connection was reset", what)
	}
	return fmt.Errorf("%s: %w", what, err)
}
