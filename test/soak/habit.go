package main

import (
	"errors"
	"io"
	"time"
)

// habit is how a client uses a connection.
type habit struct {
	name   string
	weight int  // of a hundred connections
	banner bool // the server speaks first
	use    func(*client, *clientConn) error
}

// mixed is the usual load.
func mixed() []habit {
	return []habit{
		{name: "keep-alive", weight: 52, use: keepAlive},
		{name: "idle", weight: 25, use: idle},
		{name: "pipelined", weight: 4, use: pipelined},
		{name: "upgraded", weight: 5, use: upgraded},
		{name: "tunnel", weight: 4, use: tunnelled},
		{name: "server first", weight: 2, banner: true, use: serverFirst},
		{name: "HTTP/1.0", weight: 2, use: closing},
		{name: "large", weight: 2, use: large},
		{name: "slow reader", weight: 1, use: slowly},
		{name: "reset by client", weight: 1, use: resetting},
		{name: "reset by server", weight: 1, use: serverResets},
		{name: "half closed", weight: 1, use: halfClosed},
	}
}

// fresh is a load of which most is on new connections, so that many begin
// while the proxy takes none.
func fresh() []habit {
	return []habit{
		{name: "keep-alive", weight: 20, use: keepAlive},
		{name: "once, large", weight: 40, use: once},
		{name: "tunnel", weight: 10, use: tunnelled},
		{name: "server first", weight: 5, banner: true, use: serverFirst},
		{name: "HTTP/1.0", weight: 5, use: closing},
		{name: "large", weight: 5, use: large},
		{name: "slow reader", weight: 5, use: slowly},
		{name: "reset by client", weight: 3, use: resetting},
		{name: "reset by server", weight: 3, use: serverResets},
		{name: "half closed", weight: 4, use: halfClosed},
	}
}

// share gives each of n connections a habit: the rarer ones at least one each.
func share(habits []habit, n int) []habit {
	list := make([]habit, 0, n)
	for _, h := range habits[1:] {
		for range max(1, n*h.weight/100) {
			list = append(list, h)
		}
	}
	for len(list) < n {
		list = append(list, habits[0])
	}
	return list[:n]
}

// small is the limit of bodies that are many, in bytes.
const small = 4 << 10

// keepAlive makes requests now and then on a connection that stays.
func keepAlive(c *client, conn *clientConn) error {
	kinds := []string{get, get, get, getChunks, put, post, head, empty, same, hints, expect}
	for c.pause(conn) {
		if err := c.play(conn, c.exchange(kinds[c.random.IntN(len(kinds))], small)); err != nil {
			return err
		}
	}
	return conn.finish()
}

// idle makes one request at the beginning and one at the end.
func idle(c *client, conn *clientConn) error {
	if err := c.play(conn, c.exchange(get, small)); err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Time{})
	<-c.stop
	_ = conn.SetDeadline(time.Now().Add(c.patience))
	if err := c.play(conn, c.exchange(get, small)); err != nil {
		return err
	}
	return conn.finish()
}

// pipelined sends requests without waiting for responses.
func pipelined(c *client, conn *clientConn) error {
	kinds := []string{get, getChunks, put, post, head, same}
	for c.pause(conn) {
		var requests, responses []io.Reader
		var all []*exchange
		for range 2 + c.random.IntN(8) {
			x := c.exchange(kinds[c.random.IntN(len(kinds))], small)
			all = append(all, x)
			requests = append(requests, newHead(x), x.requestBody())
			responses = append(responses, x.response())
		}
		sent := make(chan error, 1)
		go func() {
			err := c.blocks.send(conn, io.MultiReader(requests...))
			sent <- err
		}()
		n, err := c.blocks.match(conn, io.MultiReader(responses...))
		if err != nil {
			_ = conn.Close()
		}
		if err := errors.Join(err, <-sent); err != nil {
			return describe(all, err)
		}
		c.tally.add(c.habit.name, count{exchanges: int64(len(all)), down: n})
	}
	return conn.finish()
}

// upgraded exchanges messages after a 101.
func upgraded(c *client, conn *clientConn) error {
	x := c.exchange(upgrade, small)
	if err := c.play(conn, x); err != nil {
		return err
	}
	for i := 0; c.pause(conn); i++ {
		m := message(x.seed, i, x.limit)
		err := c.blocks.send(conn, m.out)
		if err != nil {
			return err
		}
		n, err := c.blocks.match(conn, m.in)
		if err != nil {
			return describe([]*exchange{x}, err)
		}
		c.tally.add(c.habit.name, count{exchanges: 1, down: n})
	}
	return conn.finish()
}

// large moves large bodies on a connection that stays.
func large(c *client, conn *clientConn) error {
	kinds := []string{get, getChunks, put, post, duplex}
	for c.pause(conn) {
		if err := c.play(conn, c.exchange(kinds[c.random.IntN(len(kinds))], c.large)); err != nil {
			return err
		}
	}
	return conn.finish()
}

// slowly reads so slowly that the sender has to wait.
func slowly(c *client, conn *clientConn) error {
	_ = conn.SetReadBuffer(4 << 10)
	for c.pause(conn) {
		x := c.exchange(get, c.large/16+1)
		if _, err := conn.Write(x.requestHead); err != nil {
			return err
		}
		n, err := c.blocks.match(&slowReader{conn, c.slow}, x.response())
		if err != nil {
			return describe([]*exchange{x}, err)
		}
		c.tally.add(c.habit.name, count{exchanges: 1, down: n})
	}
	return conn.finish()
}
