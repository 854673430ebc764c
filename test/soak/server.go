package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// hello begins a tunnel: no HTTP can begin so. Seed and limit follow it, eight
// bytes each.
const hello = "\x16\x03\x01"

// server is the far end of every connection.
type server struct {
	blocks   *blocks
	tally    *tally
	patience time.Duration
	slow     time.Duration // between two reads of a slow reader
	fail     func(error)
	random   func() uint64
}

// serveHTTP plays the server's part of exchanges until the client ends.
func (s *server) serveHTTP(_ context.Context, conn *net.TCPConn) {
	c := &serverConn{server: s, TCPConn: conn, in: bufio.NewReaderSize(conn, 2<<10)}
	for {
		more, err := c.next()
		if err != nil {
			s.fail(fmt.Errorf("server %v, client %v, %s: %w", conn.LocalAddr(), conn.RemoteAddr(), c.doing, err))
			return
		}
		if !more {
			return
		}
	}
}

// serverConn is one connection at the server.
type serverConn struct {
	*server
	*net.TCPConn
	in    *bufio.Reader
	doing string
}

// next plays one exchange; more is false at the end of the connection.
func (c *serverConn) next() (more bool, err error) {
	c.doing = "before a request"
	_ = c.SetDeadline(time.Time{})
	first, err := c.in.Peek(1)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_ = c.SetDeadline(time.Now().Add(c.patience))
	if first[0] == hello[0] {
		return false, c.tunnel()
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return false, fmt.Errorf("in request line %q: %w", line, err)
	}
	x, err := readExchange(line)
	if err != nil {
		return false, err
	}
	c.doing = fmt.Sprintf("%s %d %016x", x.kind, x.limit, x.seed)
	if _, err := c.blocks.match(c.in, bytes.NewReader(x.requestHead[len(line):])); err != nil {
		return false, fmt.Errorf("request head: %w", err)
	}
	switch x.kind {
	case upgrade:
		err = c.messages(x)
	case clientCut:
		err = c.seeCut(x)
	case putCut:
		err = c.seePutCut(x)
	case serverCut:
		err = c.cut(x)
	default:
		err = c.respond(x)
	}
	return !x.ends(), err
}

// respond receives the request's body and answers.
func (c *serverConn) respond(x *exchange) error {
	if x.interim != nil {
		if _, err := c.Write(x.interim); err != nil {
			return fmt.Errorf("send interim response: %w", err)
		}
	}
	answered := make(chan error, 1)
	answer := func() {
		err := c.blocks.send(c, x.response())
		answered <- err
	}
	if x.kind == duplex {
		go answer()
	}
	var body io.Reader = c.in
	if x.up > 0 && x.seed%7 == 0 {
		body = &slowReader{c.in, c.slow}
	}
	n, err := c.blocks.match(body, x.requestBody())
	c.tally.add("server: "+x.kind, count{exchanges: 1, up: n})
	if err != nil {
		_ = c.Close() // whoever answers must not wait
		err = fmt.Errorf("request body of %d bytes: %w", x.up, err)
	}
	if x.kind != duplex && err == nil {
		answer()
	}
	if x.kind == duplex || err == nil {
		if failed := <-answered; failed != nil {
			err = errors.Join(err, fmt.Errorf("send response: %w", failed))
		}
	}
	return err
}

// messages answers each message of an upgraded connection with one.
func (c *serverConn) messages(x *exchange) error {
	if err := c.blocks.send(c, x.response()); err != nil {
		return err
	}
	for i := 0; ; i++ {
		_ = c.SetDeadline(time.Time{})
		if _, err := c.in.Peek(1); errors.Is(err, io.EOF) {
			return nil
		}
		_ = c.SetDeadline(time.Now().Add(c.patience))
		m := message(x.seed, i, x.limit)
		n, err := c.blocks.match(c.in, m.out)
		if err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		c.tally.add("server: "+x.kind, count{exchanges: 1, up: n})
		if err := c.blocks.send(c, m.in); err != nil {
			return fmt.Errorf("answer message %d: %w", i, err)
		}
	}
}

// tunnel plays the far end of what is not HTTP.
func (c *serverConn) tunnel() error {
	c.doing = "tunnel"
	var first [len(hello) + 16]byte
	if _, err := io.ReadFull(c.in, first[:]); err != nil {
		return fmt.Errorf("first bytes: %w", err)
	}
	seed, limit := binary.BigEndian.Uint64(first[len(hello):]), binary.BigEndian.Uint64(first[len(hello)+8:])
	c.doing = fmt.Sprintf("tunnel %d %016x", limit, seed)
	if string(first[:len(hello)]) != hello || limit > 1<<40 {
		return fmt.Errorf("WRONG BYTE: first bytes %q", first)
	}
	return c.raw("server: tunnel", tunnelWays(seed, int64(limit)).reversed())
}

func (c *serverConn) raw(name string, w ways) error {
	came, err := c.blocks.bothWays(c.TCPConn, c.in, w)
	c.tally.add(name, count{exchanges: 1, up: came})
	return err
}

// serveBanner is a server that speaks first.
func (s *server) serveBanner(_ context.Context, conn *net.TCPConn) {
	c := &serverConn{server: s, TCPConn: conn, in: bufio.NewReaderSize(conn, 2<<10)}
	seed := s.random()
	_ = c.SetDeadline(time.Now().Add(c.patience))
	_, err := fmt.Fprintf(conn, bannerFormat, seed)
	if err == nil {
		err = c.raw("server: banner", tunnelWays(seed, bannerLimit).reversed())
	}
	if err != nil {
		s.fail(fmt.Errorf("server %v, client %v, banner %016x: %w", conn.LocalAddr(), conn.RemoteAddr(), seed, err))
	}
}

const (
	bannerFormat = "220 %016x soak.example ready\r\n"
	bannerLimit  = 32 << 10
)

// slowReader reads a little at a time.
type slowReader struct {
	from  io.Reader
	pause time.Duration
}

func (r *slowReader) Read(p []byte) (int, error) {
	if r.pause > 0 && rand.IntN(4) == 0 {
		time.Sleep(r.pause)
	}
	return r.from.Read(p[:min(len(p), 4<<10)])
}

// wasReset tells a reset from all other ends.
func wasReset(err error) bool {
	return errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE)
}
