package qemu

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// console collects what comes out of the serial line, and wakes those who wait for some text.
type console struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{} // closed at the next write
}

func newConsole() *console {
	return &console{changed: make(chan struct{})}
}

// Write takes what QEMU writes. It never fails.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.changed)
	c.changed = make(chan struct{})
	return c.text.Write(p)
}

// raw gives what came after a mark, and what is closed when there is more.
func (c *console) raw(mark Mark) (string, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()[mark:], c.changed
}

func (c *console) read(mark Mark) (string, <-chan struct{}) {
	text, changed := c.raw(mark)
	return Plain(text), changed
}

// Mark is a moment of what came out of the serial line.
type Mark int

func (c *console) mark() Mark {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Mark(c.text.Len())
}

// Plain takes away what is meant for a terminal: firmware, GRUB and the status screen move the cursor, and lines end with
// a carriage return.
func Plain(text string) string {
	// A line of the status screen begins with its place.
	text = regexp.MustCompile(`\x1b\[[0-9]+;1H`).ReplaceAllString(text, "\n")
	text = regexp.MustCompile(`\x1b(\[[0-9;?=]*[A-Za-z]|c)`).ReplaceAllString(text, "")
	return strings.ReplaceAll(text, "\r", "")
}

// expect waits until what has come after a mark is enough, and gives it. It gives up when ctx or the machine ends; what
// says in the error what was waited for.
func (c *console) expect(ctx context.Context, mark Mark, what string, enough func(string) bool, off <-chan struct{}) (string, error) {
	for {
		said, changed := c.read(mark)
		if enough(said) {
			return said, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return said, fmt.Errorf("wait for %q on the console: %w; the last lines were:\n%s", what, ctx.Err(), Tail(said))
		case <-off:
			// It may have said so with its last words.
			if said, _ := c.read(mark); enough(said) {
				return said, nil
			}
			return said, fmt.Errorf("wait for %q on the console: the machine is off; the last lines were:\n%s", what, Tail(said))
		}
	}
}

// tailLines is how much of a console a failure shows.
const tailLines = 60

// Tail gives the last lines of a text.
func Tail(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}
