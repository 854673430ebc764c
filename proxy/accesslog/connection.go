package accesslog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

const (
	dialTimeout = 5 * time.Second
	// sendTimeout is how long a collector may leave a full socket unread.
	sendTimeout = 5 * time.Second
)

// connection is one to a collector, made when it is needed. It is the part of
// an output that does not depend on how messages are told apart.
type connection struct {
	network, address string
	conn             net.Conn // nil for none
}

func (c *connection) due() <-chan time.Time { return nil }
func (c *connection) idle() error           { return nil }

// open connects, unless that was done.
func (c *connection) open(ctx context.Context) error {
	if c.conn != nil {
		return nil
	}
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, c.network, c.address)
	if err != nil {
		return fmt.Errorf("connect to syslog collector %s://%s: %w", c.network, c.address, err)
	}
	c.conn = conn
	return nil
}

// send writes b, and returns how much of it was written. With an error the
// connection is closed: the next one looks the name up anew, whose address may
// have changed.
func (c *connection) send(b []byte) (n int, err error) {
	_ = c.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	if n, err = c.conn.Write(b); err != nil {
		_ = c.close()
		return n, fmt.Errorf("send to syslog collector %s://%s: %w", c.network, c.address, err)
	}
	return n, nil
}

func (c *connection) close() error {
	if c.conn == nil {
		return nil
	}
	err := c.conn.Close()
	c.conn = nil
	return err
}

// ended reports whether the collector has closed the connection, which a write
// would not tell at once.
func ended(conn net.Conn) bool {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return true
	}
	over := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		over = n == 0 && err == nil || err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR)
	})
	return over || err != nil
}
