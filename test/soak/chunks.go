package main

import (
	"fmt"
	"io"
	"math/rand/v2"
)

// chunks frames a stream as a chunked body (RFC 9112 section 7.1), with
// extensions and trailers that a careless relay would drop.
type chunks struct {
	body    *stream
	random  *rand.Rand
	inChunk int64  // bytes of the stream that the chunk still takes
	pending []byte // framing to give first
	last    bool   // pending holds the end
}

func newChunks(body *stream) *chunks {
	return &chunks{body: body, random: rand.New(rand.NewPCG(body.seed, uint64(body.left)))}
}

// Read gives the next bytes, and io.EOF after the last.
func (c *chunks) Read(p []byte) (int, error) {
	switch {
	case len(c.pending) > 0:
		n := copy(p, c.pending)
		c.pending = c.pending[n:]
		return n, nil
	case c.last:
		return 0, io.EOF
	case c.inChunk > 0:
		n, err := c.body.Read(p[:min(int64(len(p)), c.inChunk)])
		if c.inChunk -= int64(n); c.inChunk == 0 {
			c.pending = []byte("\r\n")
		}
		return n, err
	}
	if c.body.left == 0 {
		c.last = true
		c.pending = []byte([]string{"0\r\n\r\n", "00;last\r\nX-Trailer:  t \r\nx-sum: 1\r\n\r\n"}[c.random.IntN(2)])
		return c.Read(p)
	}
	c.inChunk = 1 + c.random.Int64N(min(c.body.left, 64<<10))
	format := []string{"%x\r\n", "%X\r\n", "00%x\r\n", "%x;ext=1\r\n", "%x;e=\"q;\"\r\n"}[c.random.IntN(5)]
	c.pending = fmt.Appendf(nil, format, c.inChunk)
	return c.Read(p)
}
