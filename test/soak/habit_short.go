package main

import (
	"bytes"
	"fmt"
	"io"
)

// The habits here use a connection once; their clients open another.

// closing is HTTP/1.0: the server's FIN ends the body.
func closing(c *client, conn *clientConn) error {
	c.pause(conn)
	if err := c.play(conn, c.exchange(old, c.large/8)); err != nil {
		return err
	}
	return conn.finish()
}

// once moves one large body on a connection of its own.
func once(c *client, conn *clientConn) error {
	// At once: the gate may still hold the flow.
	kinds := []string{get, getChunks, put, post, duplex}
	c.deadline(conn)
	if err := c.play(conn, c.exchange(kinds[c.random.IntN(len(kinds))], c.large)); err != nil {
		return err
	}
	c.pause(conn)
	return conn.finish()
}

// tunnelled is no HTTP, both ways at once, and one way ends before the other.
func tunnelled(c *client, conn *clientConn) error {
	if c.random.IntN(2) == 0 {
		c.pause(conn)
	}
	c.deadline(conn)
	return c.tunnel(conn, c.large/4)
}

// serverFirst waits for the server's first words.
func serverFirst(c *client, conn *clientConn) error {
	c.deadline(conn)
	seed, err := c.banner(conn)
	if err != nil {
		return err
	}
	c.pause(conn)
	return c.raw(conn, seed, bannerLimit)
}

// resetting gives up in the midst of a body.
func resetting(c *client, conn *clientConn) error {
	c.pause(conn)
	return c.play(conn, c.exchange([]string{clientCut, putCut}[c.random.IntN(2)], c.large))
}

// serverResets sees the server do so.
func serverResets(c *client, conn *clientConn) error {
	c.pause(conn)
	return c.play(conn, c.exchange(serverCut, c.large/4))
}

// halfClosed says FIN right after the request, and gets all of the response.
func halfClosed(c *client, conn *clientConn) error {
	c.pause(conn)
	x := c.exchange([]string{get, getChunks, put}[c.random.IntN(3)], c.large/8)
	if err := c.blocks.send(conn, io.MultiReader(newHead(x), x.requestBody())); err != nil {
		return describe([]*exchange{x}, err)
	}
	if err := conn.CloseWrite(); err != nil {
		return err
	}
	n, err := c.blocks.match(conn, x.response())
	if err == nil {
		err = c.blocks.atEnd(conn)
	}
	if err != nil {
		return describe([]*exchange{x}, err)
	}
	c.tally.add(c.habit.name, count{exchanges: 1, down: n})
	return nil
}

func newHead(x *exchange) io.Reader { return bytes.NewReader(x.requestHead) }

// describe adds to an error what was under way.
func describe(all []*exchange, err error) error {
	for _, x := range all {
		err = fmt.Errorf("%s %d %016x: %w", x.kind, x.limit, x.seed, err)
	}
	return err
}
