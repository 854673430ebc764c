package main

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"limpid/test/qemu"
)

// telltale shows what comes out of the box's console: of a boot what a visitor may want to see, later nothing or all.
type telltale struct {
	screen *screen

	mu   sync.Mutex
	how  how
	rest string // not shown yet: a line that has not ended, or half an escape sequence
}

// how is what a telltale shows.
type how int

const (
	landmarkLines how = iota
	silent
	everything
)

// turn changes what is shown from now on.
func (t *telltale) turn(h how) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.how, t.rest = h, ""
}

// Write takes what the console says. It never fails.
func (t *telltale) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := t.rest + string(p)
	switch t.how {
	case silent:
	case landmarkLines:
		end := strings.LastIndexByte(text, '\n') + 1
		for line := range strings.Lines(qemu.Plain(text[:end])) {
			if told := bootLine(strings.TrimSpace(line)); told != "" {
				t.screen.output(told)
			}
		}
		t.rest = text[end:]
	case everything:
		end := len(text)
		// An escape sequence ends with a letter.
		if i := strings.LastIndexByte(text, 0x1b); i >= 0 && !strings.ContainsFunc(text[i:], isLetter) {
			end = i
		}
		fmt.Fprint(t.screen.out, qemu.Plain(text[:end]))
		t.rest = text[end:]
	}
	return len(p), nil
}

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// bootLine says what a line of a boot means for a visitor; most mean nothing.
func bootLine(line string) string {
	phase := regexp.MustCompile(`^up=([0-9.]+) .*msg=phase name="?([a-z ]+?)"? took=(.*)$`)
	switch {
	case strings.HasPrefix(line, "BdsDxe: starting "):
		return "firmware: starts the disk's boot program"
	case strings.HasPrefix(line, "limpid: slot "):
		// GRUB writes to its screen and to the serial line.
		if i := strings.LastIndex(line, "limpid: slot "); i > 0 {
			line = line[:i]
		}
		return "boot loader: " + strings.TrimPrefix(line, "limpid: ")
	}
	if m := phase.FindStringSubmatch(line); m != nil {
		return fmt.Sprintf("kernel + %6s s  %-13s took %s", m[1], m[2], m[3])
	}
	return ""
}
