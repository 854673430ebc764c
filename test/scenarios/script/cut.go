package script

import (
	"io"
	"math/rand/v2"
)

// Cut is how the bytes of a send are cut into writes. What arrives must be the
// same for all of them.
type Cut struct {
	name string
	// start begins a send: what it returns says how many bytes come next.
	start func(send uint64) func(sent int64) int
}

// String names the way of cutting.
func (c Cut) String() string { return c.name }

const (
	// writeSize is how much is written at a time where nothing cuts it, in bytes.
	writeSize = 64 << 10
	// singly is how many bytes of a send are written one by one at most. Those
	// of long bodies all look alike.
	singly = 2000
)

// Whole writes as much as there is.
func Whole() Cut {
	return Cut{name: "whole", start: func(uint64) func(int64) int {
		return func(int64) int { return writeSize }
	}}
}

// Bytes writes byte by byte, but for what lies behind the first 2,000 bytes of a
// send, which comes in pieces of random size.
func Bytes(seed uint64) Cut {
	return Cut{name: "bytes", start: func(send uint64) func(int64) int {
		rest := Pieces(seed).start(send)
		return func(sent int64) int {
			if sent < singly {
				return 1
			}
			return rest(sent)
		}
	}}
}

// Pieces writes pieces of random size, small ones as often as large ones.
func Pieces(seed uint64) Cut {
	return Cut{name: "pieces", start: func(send uint64) func(int64) int {
		random := rand.New(rand.NewPCG(seed, send))
		return func(int64) int { return 1 + random.IntN(1<<random.IntN(17)) }
	}}
}

// copy writes all of r to w and tells each write's size to wrote. send is the
// number of the send, by which random sizes differ.
func (c Cut) copy(w io.Writer, r io.Reader, send uint64, wrote func(int)) error {
	buf, next := make([]byte, writeSize), c.start(send)
	for sent := int64(0); ; {
		n, _ := io.ReadFull(r, buf[:next(sent)]) // readers of this package end, and never fail
		if n == 0 {
			return nil
		}
		written, err := w.Write(buf[:n])
		wrote(written)
		if err != nil {
			return err
		}
		sent += int64(n)
	}
}
