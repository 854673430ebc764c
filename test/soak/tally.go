package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
)

// count is what has been done of one kind.
type count struct {
	connections, exchanges int64
	up, down               int64 // bytes compared at the server and at the client
	resets                 int64 // that one end asked for and the other saw
}

// tally is what has been done, by habit of the connection.
type tally struct {
	mu     sync.Mutex
	counts map[string]*count
}

func newTally() *tally { return &tally{counts: map[string]*count{}} }

// add counts.
func (t *tally) add(habit string, c count) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := t.counts[habit]
	if sum == nil {
		sum = &count{}
		t.counts[habit] = sum
	}
	sum.plus(c)
}

func (c *count) plus(o count) {
	c.connections += o.connections
	c.exchanges += o.exchanges
	c.up += o.up
	c.down += o.down
	c.resets += o.resets
}

// total is the sum over all habits.
func (t *tally) total() count {
	t.mu.Lock()
	defer t.mu.Unlock()
	var sum count
	for _, c := range t.counts {
		sum.plus(*c)
	}
	return sum
}

func (c count) String() string {
	return fmt.Sprintf("%d connections, %d exchanges, %d MiB received, %d resets", c.connections, c.exchanges, (c.up+c.down)>>20, c.resets)
}

// write gives a table in Markdown. What the server compares counts for the
// kind of exchange, in rows of its own.
func (t *tally) write(w io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(w, "| load | connections | exchanges | received and compared, MiB | resets seen |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|")
	for _, name := range slices.Sorted(maps.Keys(t.counts)) {
		c := t.counts[name]
		fmt.Fprintf(w, "| %s | %d | %d | %.1f | %d |\n", name, c.connections, c.exchanges, float64(c.up+c.down)/(1<<20), c.resets)
	}
}
