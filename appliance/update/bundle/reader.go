package bundle

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
)

// Sink takes what a bundle holds.
type Sink interface {
	// Head is given once, before any part. Whoever implements it checks the
	// signature; an error ends the reading.
	Head(h Head) error
	// Part takes data of a part, in order. It must not keep data.
	Part(p Part, data []byte) error
	// End says that a part is complete and has its sum.
	End(p Part) error
}

// most zeros that may end an archive, in bytes: tar's usual record.
const maxEnd = 20 * block

// Reader reads a bundle that is written to it, in any pieces. After an error it
// is of no more use and repeats it.
type Reader struct {
	sink    Sink
	offset  int64
	err     error
	step    func(r *Reader, p []byte) (int, error) // takes at least one byte, or fails
	buffer  bytes.Buffer                           // a head or header, until it is complete
	head    Head
	part    int // index of the one being read
	left    int64
	padding int64
	sum     hash.Hash
	ended   int64
}

// NewReader makes a reader that gives what it reads to sink.
func NewReader(sink Sink) *Reader { return &Reader{sink: sink, step: (*Reader).readHead} }

// Offset is how many bytes have been read.
func (r *Reader) Offset() int64 { return r.offset }

// Write reads on. It fails as soon as the bundle does not hold what it should.
func (r *Reader) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) && r.err == nil {
		n, err := r.step(r, p[done:])
		done += n
		r.offset += int64(n)
		r.err = err
	}
	return done, r.err
}

// Close says whether the bundle is complete. Its error is ErrShort if all that
// was read was right.
func (r *Reader) Close() error {
	switch {
	case r.err != nil:
		return r.err
	case r.ended < 2*block || r.offset%block != 0:
		return fmt.Errorf("read bundle: %w, after %d bytes", ErrShort, r.offset)
	}
	return nil
}

func (r *Reader) readHead(p []byte) (int, error) {
	// The head's size is known only from within: look again at each block.
	n := min(len(p), block-r.buffer.Len()%block)
	r.buffer.Write(p[:n])
	if r.buffer.Len()%block != 0 {
		return n, nil
	}
	head, err := ParseHead(r.buffer.Bytes())
	if errors.Is(err, ErrShort) {
		return n, nil // it is bounded: ParseHead refuses what is too long by its header
	}
	if err != nil {
		return n, fmt.Errorf("read bundle: %w", err)
	}
	r.head, r.buffer = head, bytes.Buffer{}
	r.step = (*Reader).readHeader
	return n, r.sink.Head(r.head)
}

func (r *Reader) readHeader(p []byte) (int, error) {
	n := min(len(p), block-r.buffer.Len())
	r.buffer.Write(p[:n])
	if r.buffer.Len() < block {
		return n, nil
	}
	m, err := parseMember(r.buffer.Bytes())
	part := r.head.Manifest.Parts[r.part]
	switch {
	case err != nil:
		return n, fmt.Errorf("read bundle: %w", err)
	case m.name != part.Name:
		return n, fmt.Errorf("read bundle: it has %.64q where the manifest says %s", m.name, part.Name)
	case m.size != part.Size:
		return n, fmt.Errorf("read bundle: %s has %d bytes, the manifest says %d", m.name, m.size, part.Size)
	}
	r.buffer.Reset()
	r.left, r.padding, r.sum = m.size, m.padding(), sha256.New()
	r.step = (*Reader).readPart
	return n, nil
}

func (r *Reader) readPart(p []byte) (int, error) {
	part := r.head.Manifest.Parts[r.part]
	n := int(min(int64(len(p)), r.left))
	r.sum.Write(p[:n])
	r.left -= int64(n)
	if err := r.sink.Part(part, p[:n]); err != nil || r.left > 0 {
		return n, err
	}
	if sum := Sum(r.sum.Sum(nil)); sum != part.SHA256 {
		return n, fmt.Errorf("read bundle: %s is damaged: its SHA-256 begins with %.16s, the manifest says %.16s", part.Name, sum, part.SHA256)
	}
	if r.part++; r.padding > 0 {
		r.step = (*Reader).readPadding
	} else {
		r.next()
	}
	return n, r.sink.End(part)
}

func (r *Reader) readPadding(p []byte) (int, error) {
	n := int(min(int64(len(p)), r.padding))
	if !zeros(p[:n]) {
		return n, errors.New("read bundle: something is hidden between its members")
	}
	if r.padding -= int64(n); r.padding == 0 {
		r.next()
	}
	return n, nil
}

// next goes on behind a part.
func (r *Reader) next() {
	if r.step = (*Reader).readHeader; r.part == len(r.head.Manifest.Parts) {
		r.step = (*Reader).readEnd
	}
}

func (r *Reader) readEnd(p []byte) (int, error) {
	r.ended += int64(len(p))
	if r.ended > maxEnd || !zeros(p) {
		return len(p), errors.New("read bundle: something is hidden behind its end")
	}
	return len(p), nil
}
