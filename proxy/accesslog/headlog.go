package accesslog

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of a recording of heads.
const (
	MaxHeads    = 256              // transactions kept
	MaxHead     = 8 << 10          // bytes kept of one head
	MaxHeadTime = 10 * time.Minute // that it goes on
	HeadsStay   = 5 * time.Minute  // after its end
	// maxHeadBytes bounds the heads that are kept, and once more those of transactions
	// under way.
	maxHeadBytes = 2 << 20
	// headCost is what a transaction counts for beside its bytes.
	headCost = 512
)

// HeadOrder asks for a recording.
type HeadOrder struct {
	Filter map[string]string // words of ParseFilter
	For    time.Duration     // above 0, at most MaxHeadTime
	Count  int               // the newest so many are kept, 1 to MaxHeads
	Who    string            // has asked, for others to see
}

// HeadLog keeps heads of transactions while somebody wants to see them, which is
// hardly ever: nothing is kept before Begin, and nothing after a while.
type HeadLog struct {
	on atomic.Pointer[headSession] // nil while nobody records: every request looks here

	clock func() time.Time
	mu    sync.Mutex
	last  *headSession // the one that goes on, or has ended and is kept; nil for none
	next  uint64       // number of the next heads, from 1; never used twice
}

// headSession is one recording. What is below mu of the HeadLog is guarded by it.
type headSession struct {
	order  HeadOrder
	filter Filter
	until  int64        // Unix time, ns
	held   atomic.Int64 // cost of heads of transactions under way

	missed atomic.Uint64 // transactions for whose heads there was no room

	ended     time.Time // zero while it goes on
	kept      []keptHeads
	bytes     int    // cost of kept
	displaced uint64 // that made room for newer ones
}

// keptHeads are the heads of a transaction that has ended.
type keptHeads struct {
	id                uint64
	entry             Entry
	request, response keptHead
	cost              int
}

// errHeadsOn says that there is one recording at a time.
var errHeadsOn = errors.New("heads are being recorded already: stop that first")

// Begin begins to record heads, and forgets those of the recording before.
func (l *HeadLog) Begin(o HeadOrder) error {
	switch {
	case o.For <= 0 || o.For > MaxHeadTime:
		return fmt.Errorf("record heads for %v: want a time above 0 and at most %v", o.For, MaxHeadTime)
	case o.Count < 1 || o.Count > MaxHeads:
		return fmt.Errorf("keep heads of %d transactions: want 1 to %d", o.Count, MaxHeads)
	}
	now := l.clock()
	filter, err := ParseFilter(o.Filter, now)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.age(now)
	if l.last != nil && l.last.ended.IsZero() {
		return errHeadsOn
	}
	o.Filter = maps.Clone(o.Filter)
	l.last = &headSession{order: o, filter: filter, until: now.Add(o.For).UnixNano()}
	l.on.Store(l.last)
	return nil
}

// Stop ends the recording, if there is one. What was recorded stays for HeadsStay;
// transactions under way are not part of it.
func (l *HeadLog) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop(l.clock())
}

func (l *HeadLog) stop(now time.Time) {
	l.on.Store(nil)
	if l.last != nil && l.last.ended.IsZero() {
		l.last.ended = now
	}
}

// Forget ends the recording, and keeps nothing of it.
func (l *HeadLog) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop(l.clock())
	l.last = nil
}

// Age ends what has gone on for long enough, and forgets what has ended long ago. Call
// it every now and then.
func (l *HeadLog) Age() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last != nil {
		l.age(l.clock())
	}
}

func (l *HeadLog) age(now time.Time) {
	switch s := l.last; {
	case s == nil:
	case s.ended.IsZero() && now.UnixNano() >= s.until:
		l.stop(now)
	case !s.ended.IsZero() && (now.Sub(s.ended) >= HeadsStay || now.Before(s.ended)):
		l.last = nil
	}
}

// keep takes the heads of a transaction that has ended, and gives them a number; 0 when
// its recording has ended before, or does not want it.
func (l *HeadLog) keep(h *Heads, r *Record) uint64 {
	s := h.session
	s.held.Add(-h.cost)
	if l.on.Load() != s || !s.filter.match(r) {
		return 0
	}
	k := keptHeads{entry: r.entry(), request: h.request, response: h.response}
	k.cost = headCost + len(h.request.bytes) + len(h.response.bytes) + len(k.entry.URL) + len(k.entry.UserAgent) + len(k.entry.ContentType)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last != s || !s.ended.IsZero() {
		return 0
	}
	for len(s.kept) > 0 && (len(s.kept) >= s.order.Count || s.bytes+k.cost > maxHeadBytes) {
		s.bytes -= s.kept[0].cost
		s.kept[0] = keptHeads{}
		s.kept = s.kept[1:]
		s.displaced++
	}
	l.next++
	k.id, k.entry.Heads = l.next, l.next
	s.bytes += k.cost
	s.kept = append(s.kept, k)
	return k.id
}
