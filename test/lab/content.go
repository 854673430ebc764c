package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Content is the body of size bytes that an Origin serves. Every byte depends
// on its place and on the size, so a body cut, shifted, repeated or mixed up
// with another is noticed at the first wrong byte. Its only state is its size.
type Content int64

// word is the k-th group of eight bytes: multiplication by an odd constant
// spreads the counter over all of them.
func (c Content) word(k int64) uint64 {
	return (uint64(k) ^ uint64(c)<<32) * 0x9e3779b97f4a7c15
}

// ReadAt implements io.ReaderAt.
func (c Content) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read content: negative offset")
	}
	p = p[:max(0, min(int64(len(p)), int64(c)-off))]
	var word [8]byte
	for i := 0; i < len(p); {
		at := off + int64(i)
		binary.LittleEndian.PutUint64(word[:], c.word(at/8))
		i += copy(p[i:], word[at%8:])
	}
	if off+int64(len(p)) >= int64(c) {
		return len(p), io.EOF
	}
	return len(p), nil
}

// Reader reads the whole body.
func (c Content) Reader() *io.SectionReader { return io.NewSectionReader(c, 0, int64(c)) }

// Verify reads r to its end and reports how many bytes came, and an error if
// they are not this body.
func (c Content) Verify(r io.Reader) (int64, error) {
	got, want := make([]byte, 32<<10), make([]byte, 32<<10)
	var n int64
	for {
		size, err := r.Read(got)
		expected, _ := c.ReadAt(want[:size], n)
		for i := range expected {
			if got[i] != want[i] {
				return n + int64(i), fmt.Errorf("verify body of %d bytes: byte %d is %#02x, want %#02x", int64(c), n+int64(i), got[i], want[i])
			}
		}
		n += int64(size)
		if expected < size {
			return n, fmt.Errorf("verify body of %d bytes: more than that came", int64(c))
		}
		if err == io.EOF && n == int64(c) {
			return n, nil
		}
		if err == io.EOF {
			return n, fmt.Errorf("verify body of %d bytes: ended after %d: %w", int64(c), n, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return n, fmt.Errorf("verify body of %d bytes: after %d: %w", int64(c), n, err)
		}
	}
}
