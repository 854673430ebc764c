package firmware

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

// read gives the text so far, and what is closed when there is more.
func (c *console) read() (string, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return clean(c.text.String()), c.changed
}

// clean takes away what is meant for a terminal: firmware and GRUB move the cursor, and lines end with a carriage return.
func clean(s string) string {
	controls := regexp.MustCompile("\x1b(\\[[0-9;?=]*[A-Za-z]|c)")
	return strings.ReplaceAll(controls.ReplaceAllString(s, ""), "\r", "")
}

// expect waits until the text has been seen. It gives up when ctx or the machine ends.
func (c *console) expect(ctx context.Context, text string, off <-chan struct{}) error {
	for {
		seen, changed := c.read()
		if strings.Contains(seen, text) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for %q on the console: %w; the last lines were:\n%s", text, ctx.Err(), tail(seen))
		case <-off:
			// It may have said so with its last words.
			if seen, _ := c.read(); strings.Contains(seen, text) {
				return nil
			}
			return fmt.Errorf("wait for %q on the console: the machine is off; the last lines were:\n%s", text, tail(seen))
		}
	}
}

// tailLines is how much of a console a failure shows.
const tailLines = 40

// tail gives the last lines of a text.
func tail(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}
