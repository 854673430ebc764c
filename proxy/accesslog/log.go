package accesslog

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Log is the log of one proxy process.
type Log struct {
	settings Settings
	log      *slog.Logger
	run      string // tells this run of the proxy from others, in cursors
	pool     *pool
	ring     *ring
	heads    HeadLog
	queues   []*queue
	record   Record // the one being passed on

	taken   atomic.Uint64
	dropped atomic.Uint64 // before they were taken: no block was free
}

// New makes a log. Nothing is passed on before Run.
func New(settings Settings, log *slog.Logger) (*Log, error) {
	l := &Log{settings: settings, log: log, run: rand.Text()[:8], pool: newPool(), ring: newRing()}
	l.heads.clock = time.Now
	queues, err := l.makeQueues()
	if err != nil {
		return nil, err
	}
	l.queues = queues
	return l, nil
}

// Recorder makes a recorder for one event loop. It may be called, and its
// result be used, before Run and while it runs.
func (l *Log) Recorder() *Recorder { return &Recorder{log: l} }

// Heads records heads, when somebody asks for it. Any goroutine may use it.
func (l *Log) Heads() *HeadLog { return &l.heads }

const (
	// idleTime is how long there must be no record before memory is let go.
	idleTime = 2 * time.Second
	// closeWait is how long the outputs may take at the end.
	closeWait = time.Second
)

// Run passes records on until ctx ends, and then all that were flushed before:
// flush every recorder first. It returns when all is written and, but for
// SyncNever, forced to the disk, or after a second: what an output has not
// taken by then is lost and counted.
func (l *Log) Run(ctx context.Context) {
	outer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var wg sync.WaitGroup
	for _, q := range l.queues {
		wg.Go(func() { q.run(outer, ctx) })
	}
	l.passAll(ctx)
	// No flow is slowed any more: outputs that work get the time to take all.
	ending, cancelEnding := context.WithTimeout(outer, closeWait)
	defer cancelEnding()
	for _, q := range l.queues {
		q.ending = ending
	}
	for len(l.pool.full) > 0 {
		l.pass(<-l.pool.full)
	}
	for _, q := range l.queues {
		close(q.chunks)
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	// An output that hangs in the kernel is left behind: the process is to end.
	select {
	case <-done:
	case <-ending.Done():
		l.log.Warn("access log: an output does not end, what it holds is lost")
	}
}

// passAll passes blocks on until ctx ends.
func (l *Log) passAll(ctx context.Context) {
	idle := time.NewTimer(idleTime)
	defer idle.Stop()
	for {
		select {
		case b := <-l.pool.full:
			l.pass(b)
			idle.Reset(idleTime)
		case <-idle.C:
			l.pool.shrink()
			for _, q := range l.queues {
				q.shrink()
			}
		case <-ctx.Done():
			return
		}
	}
}

// pass takes what a block holds to all places, and gives the block back.
func (l *Log) pass(b *block) {
	r := &l.record
	for rest := b.bytes[:b.used]; len(rest) > 0; {
		n := packedLen(rest)
		l.ring.add(rest[:n])
		if len(l.queues) > 0 {
			r.unpack(rest[:n])
			for _, q := range l.queues {
				q.add(r)
			}
		}
		rest = rest[n:]
	}
	for _, q := range l.queues {
		q.send()
	}
	l.taken.Add(uint64(b.records))
	l.pool.put(b)
}
