package accesslog

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// Log is the log of one proxy process.
type Log struct {
	settings Settings
	log      *slog.Logger
	pool     *pool
	ring     *ring
	counts   counts
}

// Settings says where records go.
type Settings struct{}

// counts are read while they change.
type counts struct {
	taken  atomic.Uint64
	memory atomic.Uint64
}

// Counts is what became of records since the log was made.
type Counts struct {
	Taken  uint64 `json:"taken"`  // handed over by the event loops
	Memory uint64 `json:"memory"` // dropped: no block was free
}

// New makes a log. Nothing is passed on before Run.
func New(settings Settings, log *slog.Logger) (*Log, error) {
	return &Log{settings: settings, log: log, pool: newPool(), ring: newRing()}, nil
}

// Recorder makes a recorder for one event loop. It may be called, and its
// result be used, before Run and while it runs.
func (l *Log) Recorder() *Recorder { return &Recorder{log: l} }

// Counts is what became of records so far.
func (l *Log) Counts() Counts {
	return Counts{Taken: l.counts.taken.Load(), Memory: l.counts.memory.Load()}
}

// idleTime is how long there must be no record before the blocks are let go.
const idleTime = 2 * time.Second

// Run passes records on until ctx ends, and then all that were flushed before:
// flush every recorder first.
func (l *Log) Run(ctx context.Context) error {
	idle := time.NewTimer(idleTime)
	defer idle.Stop()
	for {
		select {
		case b := <-l.pool.full:
			l.pass(b)
			idle.Reset(idleTime)
		case <-idle.C:
			l.pool.shrink()
		case <-ctx.Done():
			for {
				select {
				case b := <-l.pool.full:
					l.pass(b)
					continue
				default:
				}
				return nil
			}
		}
	}
}

// pass takes what a block holds to all places, and gives it back.
func (l *Log) pass(b *block) {
	l.counts.taken.Add(uint64(b.records))
	for rest := b.bytes[:b.used]; len(rest) > 0; {
		n := packedLen(rest)
		l.ring.add(rest[:n])
		rest = rest[n:]
	}
	l.pool.put(b)
}
