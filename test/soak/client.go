package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"limpid/test/lab"
)

// client opens connections and lives by its habit on them.
type client struct {
	*round
	number int
	habit  habit
	source string // address it comes from
	target string // server and port
	random *rand.Rand
}

// clientConn is one connection at the client.
type clientConn struct {
	*net.TCPConn
	blocks    *blocks
	afterHead time.Duration
}

// live repeats the habit until the round stops.
func (c *client) live(ctx context.Context) {
	for first := true; ; first = false {
		conn, err := c.open(ctx)
		if first {
			c.opened.Done()
		}
		if err == nil {
			err = c.habit.use(c, conn)
			_ = conn.Close()
		}
		if err != nil {
			c.fail(fmt.Errorf("%s client %d, %s to %s: %w", c.habit.name, c.number, local(conn, c.source), c.target, err))
			return
		}
		if c.stopping() {
			return
		}
	}
}

func local(conn *clientConn, source string) string {
	if conn == nil {
		return source
	}
	return conn.LocalAddr().String()
}

func (c *client) open(ctx context.Context) (*clientConn, error) {
	limited, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	conn, err := c.lab.C1.Dial(limited, "tcp", c.source, c.target)
	if err != nil {
		return nil, err
	}
	// A run that has failed waits for nobody.
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	c.tally.add(c.habit.name, count{connections: 1})
	return &clientConn{conn, c.blocks, c.afterHead}, nil
}

// pause waits for about as long as it takes until a connection is used again,
// and says whether to go on.
func (c *client) pause(conn *clientConn) bool {
	_ = conn.SetDeadline(time.Time{})
	wait := time.Duration((0.5 + c.random.Float64()) * float64(c.every))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.stop:
	}
	_ = conn.SetDeadline(time.Now().Add(c.patience))
	return !c.stopping()
}

func (c *client) exchange(kind string, limit int64) *exchange {
	return newExchange(kind, limit, c.random.Uint64())
}

// play is one whole exchange.
func (c *client) play(conn *clientConn, x *exchange) error {
	n, err := conn.play(x)
	c.tally.add(c.habit.name, n)
	if err != nil {
		return fmt.Errorf("%s %d %016x: %w", x.kind, x.limit, x.seed, err)
	}
	return nil
}

func (c *clientConn) play(x *exchange) (count, error) {
	switch x.kind {
	case clientCut:
		return c.cutBody(x)
	case putCut:
		return c.cutPut(x)
	case serverCut:
		return c.seeServerCut(x)
	}
	if err := c.ask(x); err != nil {
		return count{}, err
	}
	sent := make(chan error, 1)
	go func() {
		err := c.blocks.send(c, x.requestBody())
		sent <- err
	}()
	n, err := c.blocks.match(c, x.response())
	if err != nil {
		_ = c.Close()
		err = fmt.Errorf("response: %w", err)
	}
	if failed := <-sent; failed != nil {
		err = errors.Join(err, fmt.Errorf("send body: %w", failed))
	}
	return count{exchanges: 1, down: n}, err
}

// ask sends the head and takes what comes before the response; a client that
// expects 100 sends no body before it.
func (c *clientConn) ask(x *exchange) error {
	if _, err := c.Write(x.requestHead); err != nil {
		return fmt.Errorf("send request: %w", err)
	}
	if _, err := c.blocks.match(c, bytes.NewReader(x.interim)); err != nil {
		return fmt.Errorf("interim response: %w", err)
	}
	return nil
}

// finish says FIN and wants the server's, and nothing before it.
func (c *clientConn) finish() error {
	if err := c.CloseWrite(); err != nil {
		return fmt.Errorf("send FIN: %w", err)
	}
	return c.blocks.atEnd(c)
}

// tunnel speaks no HTTP.
func (c *client) tunnel(conn *clientConn, limit int64) error {
	seed := c.random.Uint64()
	first := binary.BigEndian.AppendUint64([]byte(hello), seed)
	first = binary.BigEndian.AppendUint64(first, uint64(limit))
	if _, err := conn.Write(first); err != nil {
		return fmt.Errorf("send first bytes: %w", err)
	}
	return c.raw(conn, seed, limit)
}

func (c *client) raw(conn *clientConn, seed uint64, limit int64) error {
	came, err := c.blocks.bothWays(conn.TCPConn, conn, tunnelWays(seed, limit))
	c.tally.add(c.habit.name, count{exchanges: 1, down: came})
	if err != nil {
		return fmt.Errorf("tunnel %d %016x: %w", limit, seed, err)
	}
	return nil
}

// banner reads what a server says first.
func (c *client) banner(conn *clientConn) (seed uint64, err error) {
	line := make([]byte, len(fmt.Sprintf(bannerFormat, 0)))
	if _, err := io.ReadFull(conn, line); err != nil {
		return 0, fmt.Errorf("wait for the server's first words: %w", err)
	}
	if n, err := fmt.Sscanf(string(line), bannerFormat, &seed); n != 1 || fmt.Sprintf(bannerFormat, seed) != string(line) {
		return 0, errors.Join(fmt.Errorf("WRONG BYTE: banner %q", line), err)
	}
	return seed, nil
}

// sources are the addresses that clients come from: both families in turn.
func sources(l *lab.Lab, n int) []string {
	v4, v6 := l.ClientAddrs((n+1)/2), l.ClientAddrs6(n/2)
	var all []string
	for i := range v4 {
		all = append(all, v4[i].String())
		if i < len(v6) {
			all = append(all, v6[i].String())
		}
	}
	return all
}
