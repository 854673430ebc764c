package history

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Span says how far back a question goes.
type Span string

// Spans, and how long the steps of their points are.
const (
	Minutes Span = "10m" // 1 s
	Day     Span = "24h" // 1 min
	Week    Span = "7d"  // 10 min
)

// spans are the rings, the finest first.
func spans() []struct {
	span   Span
	step   time.Duration
	length int
} {
	return []struct {
		span   Span
		step   time.Duration
		length int
	}{{Minutes, time.Second, 600}, {Day, time.Minute, 1440}, {Week, 10 * time.Minute, 1008}}
}

// History is what was counted. Its methods may be called by several goroutines.
type History struct {
	names []string

	mu    sync.Mutex
	last  []uint64 // totals that were fed last; nil: none yet
	rings []*ring
}

// New makes one for counts of these names.
func New(names []string) *History {
	h := &History{names: slices.Clone(names)}
	for _, s := range spans() {
		h.rings = append(h.rings, newRing(s.step, s.length, len(names)))
	}
	return h
}

// Names are those of the counts.
func (h *History) Names() []string { return slices.Clone(h.names) }

// Feed takes the totals of now, in the order of the names. What they were before the
// first call is not known: they have not grown then. One that is less than before
// has started anew at 0.
func (h *History) Feed(now time.Time, totals []uint64) {
	if len(totals) != len(h.names) {
		panic(fmt.Sprintf("history: %d totals for %d names", len(totals), len(h.names)))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	grown := make([]uint64, len(totals))
	for i, n := range totals {
		switch {
		case h.last == nil:
		case n >= h.last[i]:
			grown[i] = n - h.last[i]
		default:
			grown[i] = n
		}
	}
	h.last = slices.Clone(totals)
	for _, r := range h.rings {
		r.add(now, grown)
	}
}

// Points gives those of a span that ends now, the oldest first, and the length of
// their steps. Steps in which nothing was fed are left out.
func (h *History) Points(span Span, now time.Time) ([]Point, time.Duration, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, s := range spans() {
		if s.span == span {
			return h.rings[i].since(now.Add(-s.step*time.Duration(s.length-1)), now), s.step, nil
		}
	}
	return nil, 0, fmt.Errorf("span %q: want %s, %s or %s", span, Minutes, Day, Week)
}
