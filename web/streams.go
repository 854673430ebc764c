package web

import (
	"crypto/sha256"
	"net/netip"
	"sync"
)

// Streams held open at once: each holds one of the connections that room counts, and
// enough of these are left for questions. Three are three windows of one browser, which
// itself opens six connections at most.
const (
	maxStreams        = 32
	maxStreamsFromOne = 8 // from one address, of its maxFromOne connections
	maxStreamsOfOne   = 3 // of one session
)

// streams counts those who are told what happens as it happens.
type streams struct {
	ending  chan struct{} // closed when the page ends
	endOnce sync.Once

	mu    sync.Mutex
	total int
	from  map[netip.Addr]int
	of    map[[sha256.Size]byte]int
}

func newStreams() *streams {
	return &streams{ending: make(chan struct{}), from: make(map[netip.Addr]int), of: make(map[[sha256.Size]byte]int)}
}

// take says whether there is room for one more.
func (s *streams) take(who netip.Addr, session [sha256.Size]byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.total >= maxStreams || s.from[who] >= maxStreamsFromOne || s.of[session] >= maxStreamsOfOne {
		return false
	}
	s.total++
	s.from[who]++
	s.of[session]++
	return true
}

func (s *streams) leave(who netip.Addr, session [sha256.Size]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.from[who]--; s.from[who] == 0 {
		delete(s.from, who)
	}
	if s.of[session]--; s.of[session] == 0 {
		delete(s.of, session)
	}
}

// end ends them all: the page is ending.
func (s *streams) end() { s.endOnce.Do(func() { close(s.ending) }) }
