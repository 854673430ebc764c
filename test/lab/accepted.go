package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Accepted is one connection as the server saw it come.
type Accepted struct {
	Time time.Time
	// Client is the address and port the server sees, Server the one the
	// client asked for.
	Client, Server netip.AddrPort
}

// acceptLog is a listener that writes down whom it accepted, and can end all
// that is still open.
type acceptLog struct {
	*net.TCPListener

	mu   sync.Mutex
	seen []Accepted
	open map[*loggedConn]struct{}
	shut bool
}

// loggedConn leaves its listener's list when it is closed.
type loggedConn struct {
	*net.TCPConn
	log *acceptLog
}

// Accept hands out the connection once it is in both lists, so that a test that
// has an answer also finds the accept.
func (l *acceptLog) Accept() (net.Conn, error) {
	conn, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	c := &loggedConn{TCPConn: conn, log: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		return nil, errors.Join(net.ErrClosed, conn.Close())
	}
	l.seen = append(l.seen, Accepted{Time: time.Now(), Client: endpoint(conn.RemoteAddr()), Server: endpoint(conn.LocalAddr())})
	l.open[c] = struct{}{}
	return c, nil
}

// Close takes it off the list first: Open never counts what is closed.
func (c *loggedConn) Close() error {
	c.log.mu.Lock()
	delete(c.log.open, c)
	c.log.mu.Unlock()
	return c.TCPConn.Close()
}

// Accepted lists every connection accepted so far, in order.
func (l *acceptLog) Accepted() []Accepted {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.seen)
}

// Open is the number of accepted connections that this end has not closed.
func (l *acceptLog) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

// Endpoint is where it listens.
func (l *acceptLog) Endpoint() netip.AddrPort { return endpoint(l.TCPListener.Addr()) }

// end stops accepting and closes what is open.
func (l *acceptLog) end() error {
	l.mu.Lock()
	l.shut = true
	open := l.open
	l.open = map[*loggedConn]struct{}{}
	l.mu.Unlock()
	err := l.TCPListener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	for c := range open {
		_ = c.TCPConn.Close() // closed already by its handler, perhaps
	}
	if err != nil {
		return fmt.Errorf("close listener: %w", err)
	}
	return nil
}

// endpoint is the address in the form that compares: IPv4 unmapped.
func endpoint(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
