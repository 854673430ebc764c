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

// Write takes what QEMU writes to its standard output, where the guest's serial line ends. It never fails.
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

// cleanConsole takes away what is meant for a terminal: the firmware (SeaBIOS) clears the screen and the kernel ends its
// lines with a carriage return.
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
	// The last line end would give an empty last line.
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
