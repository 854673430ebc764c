package vm

import (
	"regexp"
	"strings"
	"sync"
)

// consoleTail is how many of the last console lines a failure shows: a kernel panic's whole report.
const consoleTail = 70

// console collects what the kernel prints. QEMU writes it while others read.
type console struct {
	mu   sync.Mutex
	text strings.Builder
}

func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(p)
}

// String gives the text so far, with plain line ends and without terminal control sequences of the firmware.
func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return cleanConsole(c.text.String())
}

func cleanConsole(s string) string {
	controls := regexp.MustCompile("\x1b(\\[[0-9;?=]*[A-Za-z]|c)")
	return strings.ReplaceAll(controls.ReplaceAllString(s, ""), "\r", "")
}

// panicIn gives the reason of the first kernel panic in console text.
func panicIn(text string) (reason string, ok bool) {
	const mark = "Kernel panic - not syncing: "
	_, rest, ok := strings.Cut(text, mark)
	reason, _, _ = strings.Cut(rest, "\n")
	return strings.TrimSpace(reason), ok
}

// tail gives the last n lines of text.
func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
