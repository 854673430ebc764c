package accesslog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	dialTimeout = 5 * time.Second
	// sendTimeout is how long a collector may leave a full socket unread.
	sendTimeout = 5 * time.Second
)

// terminated ends messages with a line feed, to tell them apart in a chunk.
type terminated struct{ format }

func (t *terminated) Append(dst []byte, r *Record) []byte {
	return append(t.format.Append(dst, r), '\n')
}

// datagrams is the output to a collector over UDP, one message each (RFC 5426).
type datagrams struct {
	address string
	conn    net.Conn
}

func (d *datagrams) count(lines []byte) int { return bytes.Count(lines, []byte("\n")) }
func (d *datagrams) due() <-chan time.Time  { return nil }
func (d *datagrams) idle() error            { return nil }

func (d *datagrams) write(ctx context.Context, lines []byte) (rest []byte, err error) {
	if d.conn == nil {
		if d.conn, err = dial(ctx, "udp", d.address); err != nil {
			return lines, err
		}
	}
	for len(lines) > 0 {
		message, rest, _ := bytes.Cut(lines, []byte("\n"))
		_ = d.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
		if _, err := d.conn.Write(message); err != nil {
			// Named anew next time: its address may have changed.
			_ = d.close()
			return lines, fmt.Errorf("send to syslog collector udp://%s: %w", d.address, err)
		}
		lines = rest
	}
	return nil, nil
}

func (d *datagrams) close() error {
	if d.conn == nil {
		return nil
	}
	err := d.conn.Close()
	d.conn = nil
	return err
}

// counted puts the length before each message (RFC 6587, 3.4.1).
type counted struct {
	format  format
	message []byte
}

func (c *counted) Append(dst []byte, r *Record) []byte {
	c.message = c.format.Append(c.message[:0], r)
	dst = strconv.AppendInt(dst, int64(len(c.message)), 10)
	dst = append(dst, ' ')
	return append(dst, c.message...)
}

// frameLen is the length of the counted message that frames begins with.
func frameLen(frames []byte) int {
	i := bytes.IndexByte(frames, ' ')
	n, err := strconv.Atoi(string(frames[:max(i, 0)]))
	if err != nil {
		return len(frames) // never: counted wrote it
	}
	return i + 1 + n
}

// wholeFrames is how many of the first n bytes are whole messages.
func wholeFrames(frames []byte, n int) (whole int) {
	for whole < n {
		next := whole + frameLen(frames[whole:])
		if next > n {
			break
		}
		whole = next
	}
	return whole
}

// stream is the output to a collector over TCP.
type stream struct {
	address string
	conn    net.Conn
}

func (s *stream) count(frames []byte) (n int) {
	for len(frames) > 0 {
		frames = frames[frameLen(frames):]
		n++
	}
	return n
}

func (s *stream) due() <-chan time.Time { return nil }
func (s *stream) idle() error           { return nil }

// write sends counted messages. One that was sent in part is sent again as a
// whole on the next connection: the collector cannot have understood the part.
func (s *stream) write(ctx context.Context, frames []byte) (rest []byte, err error) {
	if s.conn != nil && ended(s.conn) {
		_ = s.close()
	}
	if s.conn == nil {
		if s.conn, err = dial(ctx, "tcp", s.address); err != nil {
			return frames, err
		}
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	n, err := s.conn.Write(frames)
	if err != nil {
		_ = s.close()
		return frames[wholeFrames(frames, n):], fmt.Errorf("send to syslog collector tcp://%s: %w", s.address, err)
	}
	return nil, nil
}

func (s *stream) close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
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

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("connect to syslog collector %s://%s: %w", network, address, err)
	}
	return conn, nil
}
