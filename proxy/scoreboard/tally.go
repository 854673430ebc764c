package scoreboard

import (
	"math/bits"
	"time"
)

// Tally is what one event loop has counted for the proxy's board and not yet
// carried there: adding to memory that several processors write, at each
// request, would cost more. One goroutine may use it at a time. The zero Tally
// is ready.
type Tally struct {
	counts [proxyCells]uint64
	dirty  [(proxyCells + 63) / 64]uint64 // a bit for each cell that has changed
}

// Add adds n to a cell.
func (t *Tally) Add(c Cell, n uint64) {
	t.counts[c] += n
	t.dirty[c>>6] |= 1 << (c & 63)
}

// Observe adds a duration to a histogram; one below 0 counts as 0.
func (t *Tally) Observe(h Histogram, d time.Duration) {
	ns := uint64(max(d, 0))
	first := h.first()
	t.Add(first+bucket(ns), 1)
	t.Add(first+Buckets, ns)
}

// Transaction counts a transaction that has ended. status is that of its final
// response, 0 when there was none.
func (t *Tally) Transaction(m Method, status int, v Verdict) {
	t.Add(Transactions(m, ClassOf(status), v), 1)
}

// Pending is what was added to a cell since the last Flush.
func (t *Tally) Pending(c Cell) uint64 { return t.counts[c] }

// Flush adds to the board what changed since the last Flush.
func (t *Tally) Flush(b *Board) {
	for i, word := range t.dirty {
		for ; word != 0; word &= word - 1 {
			c := Cell(i<<6 + bits.TrailingZeros64(word))
			b.Add(c, t.counts[c])
			t.counts[c] = 0
		}
		t.dirty[i] = 0
	}
}
