package main

import (
	"encoding/binary"
	"io"
)

// stream is left bytes that depend on the seed and on their place.
type stream struct {
	seed uint64
	at   int64 // place of the next byte
	left int64
}

func newStream(seed uint64, size int64) *stream { return &stream{seed: seed, left: size} }

// word is the k-th group of eight bytes (the finisher of MurmurHash3).
func (s *stream) word(k int64) uint64 {
	x := s.seed + uint64(k)*0x9e3779b97f4a7c15
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	return x ^ x>>29
}

// Read gives the next bytes, and io.EOF after the last.
func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), s.left)]
	var word [8]byte
	for n := 0; n < len(p); {
		at := s.at + int64(n)
		if at%8 == 0 && len(p)-n >= 8 {
			binary.LittleEndian.PutUint64(p[n:], s.word(at/8))
			n += 8
			continue
		}
		binary.LittleEndian.PutUint64(word[:], s.word(at/8))
		n += copy(p[n:], word[at%8:])
	}
	s.at += int64(len(p))
	s.left -= int64(len(p))
	return len(p), nil
}
