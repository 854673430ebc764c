package accesslog

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// chunkLen is when a chunk of lines is passed on, in bytes: what a block
	// usually comes to fits, and with one line more it is below the least file.
	chunkLen = 112 << 10
	// maxChunks bounds what waits for one output to some 3 MiB.
	maxChunks = 32
	// fileRetry and syslogRetry are how long to wait after a failure.
	fileRetry   = 5 * time.Second
	syslogRetry = 2 * time.Second
)

// output is a place where lines go to, as slow as it may be.
type output interface {
	// write writes lines. With an error it returns those that are left, whole.
	write(ctx context.Context, lines []byte) (rest []byte, err error)
	// count is how many lines there are.
	count(lines []byte) int
	// due tells when idle wants to be called; nil for never.
	due() <-chan time.Time
	idle() error
	close() error
}

// chunk is some lines.
type chunk struct {
	text    []byte
	records int
}

// queue takes lines to an output at the output's own speed. add and send are
// the log's, run is a goroutine of its own.
type queue struct {
	name   string
	format format
	output output
	retry  time.Duration
	log    *slog.Logger

	ending  context.Context // set at the end: until when to wait for room
	filling *chunk
	made    int
	chunks  chan *chunk // to the output
	spare   chan *chunk // and back

	written atomic.Uint64
	dropped atomic.Uint64
	problem atomic.Pointer[string] // nil while all is well
}

func newQueue(name string, f format, o output, retry time.Duration, log *slog.Logger) *queue {
	return &queue{
		name: name, format: f, output: o, retry: retry, log: log,
		chunks: make(chan *chunk, maxChunks), spare: make(chan *chunk, maxChunks),
	}
}

// add appends a record's line, or drops it when there is no room.
func (q *queue) add(r *Record) {
	if q.filling == nil && !q.take() {
		q.dropped.Add(1)
		return
	}
	c := q.filling
	c.text = q.format.Append(c.text, r)
	c.records++
	if len(c.text) >= chunkLen {
		q.send()
	}
}

func (q *queue) take() bool {
	select {
	case q.filling = <-q.spare:
		return true
	default:
	}
	if q.made < maxChunks {
		q.made++
		q.filling = &chunk{}
		return true
	}
	if q.ending == nil {
		return false
	}
	select {
	case q.filling = <-q.spare:
		return true
	case <-q.ending.Done():
		return false
	}
}

// send passes on what was added.
func (q *queue) send() {
	if q.filling != nil {
		q.chunks <- q.filling // never waits: there is room for all
		q.filling = nil
	}
}

// shrink lets go of memory that nobody uses.
func (q *queue) shrink() {
	for {
		select {
		case <-q.spare:
			q.made--
		default:
			return
		}
	}
}

// run writes what comes until chunks is closed. After going has ended nothing
// is tried twice; after ctx has ended nothing is waited for.
func (q *queue) run(ctx, going context.Context) {
	for {
		select {
		case c, ok := <-q.chunks:
			if !ok {
				q.report(q.output.close())
				return
			}
			q.write(ctx, going, c)
			c.text, c.records = c.text[:0], 0
			q.spare <- c
		case <-q.output.due():
			q.report(q.output.idle())
		}
	}
}

func (q *queue) write(ctx, going context.Context, c *chunk) {
	rest, left := c.text, c.records
	for {
		var err error
		rest, err = q.output.write(ctx, rest)
		now := 0
		if err != nil {
			now = q.output.count(rest)
		}
		q.written.Add(uint64(left - now))
		left = now
		q.report(err)
		if err == nil {
			return
		}
		select {
		case <-going.Done():
			q.dropped.Add(uint64(left))
			return
		case <-time.After(q.retry):
		}
	}
}

// report tells the log once of a trouble, and once of its end.
func (q *queue) report(err error) {
	was := q.problem.Load()
	switch {
	case err != nil && was == nil:
		text := err.Error()
		q.problem.Store(&text)
		q.log.Warn("access log: output fails, trying again", "output", q.name, "error", err)
	case err == nil && was != nil:
		q.problem.Store(nil)
		q.log.Info("access log: output works again", "output", q.name, "dropped", q.dropped.Load())
	}
}
