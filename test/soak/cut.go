package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// abort resets a connection.
func abort(conn *net.TCPConn) error {
	if err := conn.SetLinger(0); err != nil {
		return err
	}
	return conn.Close()
}

// seeCut answers a client that will reset, and must see the reset: while it
// writes, or afterwards if all went into buffers.
func (c *serverConn) seeCut(x *exchange) error {
	err := c.blocks.send(c, x.response())
	if err == nil {
		_, err = c.in.ReadByte()
	}
	return c.wantReset(x, 0, err)
}

// seePutCut receives a body that a reset will cut.
func (c *serverConn) seePutCut(x *exchange) error {
	n, err := c.blocks.match(c.in, x.requestBody())
	return c.wantReset(x, n, err)
}

func (c *serverConn) wantReset(x *exchange, up int64, err error) error {
	if !wasReset(err) {
		return fmt.Errorf("want the client's reset: %w", orNothing(err))
	}
	c.tally.add("server: "+x.kind, count{exchanges: 1, up: up, resets: 1})
	return nil
}

// cut resets in the midst of a response.
func (c *serverConn) cut(x *exchange) error {
	whole := x.response()
	if err := c.blocks.send(c, io.LimitReader(whole, int64(len(x.responseHead))+x.cut)); err != nil {
		return err
	}
	return abort(c.TCPConn)
}

// cutBody, at the client, takes a part of the response and resets.
func (c *clientConn) cutBody(x *exchange) (count, error) {
	if _, err := c.Write(x.requestHead); err != nil {
		return count{}, fmt.Errorf("send request: %w", err)
	}
	n, err := c.blocks.match(c, io.LimitReader(x.response(), int64(len(x.responseHead))+x.cut))
	if err != nil {
		return count{}, fmt.Errorf("receive response: %w", err)
	}
	return count{exchanges: 1, down: n}, abort(c.TCPConn)
}

// cutPut sends a part of the request and resets.
func (c *clientConn) cutPut(x *exchange) (count, error) {
	if _, err := c.Write(x.requestHead); err != nil {
		return count{}, fmt.Errorf("send request: %w", err)
	}
	if err := c.blocks.send(c, io.LimitReader(x.requestBody(), x.cut)); err != nil {
		return count{}, fmt.Errorf("send body: %w", err)
	}
	// The server takes note of the request before it takes note of the reset.
	time.Sleep(c.afterHead)
	return count{exchanges: 1}, abort(c.TCPConn)
}

// seeServerCut wants a part of the response and then a reset, no FIN.
func (c *clientConn) seeServerCut(x *exchange) (count, error) {
	if _, err := c.Write(x.requestHead); err != nil {
		return count{}, fmt.Errorf("send request: %w", err)
	}
	n, err := c.blocks.match(c, x.response())
	if !wasReset(err) {
		return count{}, fmt.Errorf("want the server's reset: %w", orNothing(err))
	}
	if most := int64(len(x.responseHead)) + x.cut; n > most {
		return count{}, fmt.Errorf("WRONG BYTE: %d bytes before the reset, the server sent %d", n, most)
	}
	return count{exchanges: 1, down: n, resets: 1}, nil
}

// orNothing is an error also where none came.
func orNothing(err error) error {
	if err == nil {
		return errors.New("nothing of it came")
	}
	return err
}
