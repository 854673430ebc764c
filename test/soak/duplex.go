package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
)

// ways is what goes and what comes on a connection used both ways at once.
type ways struct{ out, in io.Reader }

// tunnelWays works out both ways of a tunnel as the client sees them.
func tunnelWays(seed uint64, limit int64) ways {
	r := rand.New(rand.NewPCG(seed, 3))
	// One of them often ends long before the other.
	up := r.Int64N(limit+1) >> (8 * r.IntN(2))
	down := r.Int64N(limit+1) >> (8 * r.IntN(2))
	return ways{newStream(seed^1, up), newStream(seed^2, down)}
}

// reversed is what the other end sees.
func (w ways) reversed() ways { return ways{w.in, w.out} }

// bothWays sends and compares at once; each end says FIN when it has sent all,
// whatever is still to come. It returns how much came.
func (b *blocks) bothWays(conn *net.TCPConn, from io.Reader, w ways) (came int64, err error) {
	done := make(chan error, 1)
	go func() {
		failed := b.send(conn, w.out)
		if failed == nil {
			failed = conn.CloseWrite()
		}
		done <- failed
	}()
	came, err = b.match(from, w.in)
	if err == nil {
		err = b.atEnd(from)
	}
	if err != nil {
		_ = conn.CloseRead()
		_ = conn.SetLinger(0)
		_ = conn.Close() // the writer must not wait for a peer that is wrong
		err = fmt.Errorf("receive: %w", err)
	}
	if failed := <-done; failed != nil {
		err = errors.Join(err, fmt.Errorf("send: %w", failed))
	}
	return came, err
}

// atEnd wants the peer's FIN and nothing before it.
func (b *blocks) atEnd(from io.Reader) error {
	var one [1]byte
	n, err := from.Read(one[:])
	switch {
	case n > 0:
		return fmt.Errorf("WRONG BYTE: %q after the end of all that was sent", one)
	case errors.Is(err, io.EOF):
		return nil
	}
	return fmt.Errorf("wait for FIN: %w", err)
}

// message is the i-th message of an upgraded connection, one each way.
func message(seed uint64, i int, limit int64) ways {
	r := rand.New(rand.NewPCG(seed, uint64(i)))
	return ways{newStream(seed+uint64(i)*2, 1+r.Int64N(limit)), newStream(seed+uint64(i)*2+1, 1+r.Int64N(limit))}
}
