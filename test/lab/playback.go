package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
)

// Exchange is a request and the response to it, byte for byte.
type Exchange struct{ Request, Response []byte }

// Playback is a server's part of a conversation: on each connection it reads
// as many bytes as the next request has, whatever they are, answers with its
// response, and so on; then it waits for the client to close. What it read is
// kept, to be compared with what was sent.
type Playback struct {
	Exchanges []Exchange

	mu       sync.Mutex
	received [][]byte
	errs     []error
}

// Handle is for Node.Serve.
func (p *Playback) Handle(_ context.Context, conn *net.TCPConn) {
	var all []byte
	err := func() error {
		for i, e := range p.Exchanges {
			request := make([]byte, len(e.Request))
			n, err := io.ReadFull(conn, request)
			all = append(all, request[:n]...)
			if err != nil {
				return fmt.Errorf("read request %d, %d of %d bytes: %w", i, n, len(request), err)
			}
			if _, err := conn.Write(e.Response); err != nil {
				return fmt.Errorf("write response %d: %w", i, err)
			}
		}
		// Anything more would be bytes that nobody sent.
		rest, err := io.ReadAll(conn)
		all = append(all, rest...)
		if err != nil {
			return fmt.Errorf("wait for the client to close: %w", err)
		}
		return nil
	}()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.received = append(p.received, all)
	if err != nil {
		p.errs = append(p.errs, err)
	}
}

// Received returns the bytes of each finished connection, in order of their
// end, and what went wrong in any of them.
func (p *Playback) Received() ([][]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.received), errors.Join(p.errs...)
}
