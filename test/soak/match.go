package main

import (
	"fmt"
	"io"
	"sync"
)

// block is how much is compared, and written, at a time, in bytes.
const block = 16 << 10

// blocks lends the memory that is needed only while bytes move.
type blocks struct{ pool sync.Pool }

func newBlocks() *blocks {
	return &blocks{sync.Pool{New: func() any { return new([2 * block]byte) }}}
}

// wrongByte is a difference between what came and what must come.
type wrongByte struct {
	at        int64 // place in the message
	got, want []byte
}

func (w *wrongByte) Error() string {
	return fmt.Sprintf("WRONG BYTE at %d: got %q, want %q", w.at, w.got, w.want)
}

// match reads exactly as many bytes as want has and compares them. It returns
// how many were right.
func (b *blocks) match(from, want io.Reader) (right int64, err error) {
	memory, ok := b.pool.Get().(*[2 * block]byte)
	if !ok {
		return 0, io.ErrUnexpectedEOF
	}
	defer b.pool.Put(memory)
	wanted, got := memory[:block], memory[block:]
	for {
		size, end := fill(want, wanted)
		n, failed := io.ReadFull(from, got[:size])
		for i := range n {
			if got[i] != wanted[i] {
				return right + int64(i), &wrongByte{right + int64(i), excerpt(got[:n], i), excerpt(wanted[:size], i)}
			}
		}
		right += int64(n)
		if failed != nil {
			return right, fmt.Errorf("after %d bytes: %w", right, failed)
		}
		if end {
			return right, nil
		}
	}
}

// fill reads until p is full or from has ended.
func fill(from io.Reader, p []byte) (n int, end bool) {
	for n < len(p) {
		m, err := from.Read(p[n:])
		if n += m; err != nil {
			return n, true // the sources here end with io.EOF only
		}
	}
	return n, false
}

// excerpt is a few bytes from i on.
func excerpt(p []byte, i int) []byte {
	return append([]byte(nil), p[i:min(len(p), i+48)]...)
}

// send writes all of a message.
func (b *blocks) send(to io.Writer, message io.Reader) error {
	memory, ok := b.pool.Get().(*[2 * block]byte)
	if !ok {
		return io.ErrShortWrite
	}
	defer b.pool.Put(memory)
	for sent := 0; ; {
		size, end := fill(message, memory[:])
		n, err := to.Write(memory[:size])
		sent += n
		if err != nil {
			return fmt.Errorf("after %d bytes: %w", sent, err)
		}
		if end {
			return nil
		}
	}
}
