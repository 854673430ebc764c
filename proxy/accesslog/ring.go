package accesslog

import "sync"

const (
	segmentLen = 64 << 10
	// maxSegments bounds the ring to 2 MiB.
	maxSegments = 32
)

// segment is a part of the ring.
type segment struct {
	first   uint64 // the number of its first record
	records uint64
	used    int
	bytes   [segmentLen]byte
}

// ring keeps the newest records, packed. Its memory grows with what it is given
// to its bound, and is then used again.
type ring struct {
	mu       sync.Mutex
	segments []*segment // oldest first
	next     uint64     // number of the next record, from 1
}

func newRing() *ring { return &ring{next: 1} }

// add appends a packed record.
func (r *ring) add(packed []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.last()
	if s == nil || segmentLen-s.used < len(packed) {
		s = r.extend()
	}
	s.used += copy(s.bytes[s.used:], packed)
	s.records++
	r.next++
}

func (r *ring) last() *segment {
	if len(r.segments) == 0 {
		return nil
	}
	return r.segments[len(r.segments)-1]
}

// extend appends an empty segment, the oldest one if there is no room for more.
func (r *ring) extend() *segment {
	var s *segment
	if len(r.segments) < maxSegments {
		s = new(segment)
	} else {
		s = r.segments[0]
		copy(r.segments, r.segments[1:])
		r.segments = r.segments[:len(r.segments)-1]
	}
	s.first, s.records, s.used = r.next, 0, 0
	r.segments = append(r.segments, s)
	return s
}
