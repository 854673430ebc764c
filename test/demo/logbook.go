package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// logbook reads limpid's log as it grows.
type logbook struct {
	path   string
	offset int64 // of the first byte not yet read
}

// entry is one line of it. A line that is no log line has no time.
type entry struct {
	at   time.Time
	text string // without time and level
}

// skip leaves out what is there already.
func (b *logbook) skip() error {
	_, err := b.read()
	return err
}

// read returns the lines that were finished since the last time.
func (b *logbook) read() ([]entry, error) {
	f, err := os.Open(b.path)
	if err != nil {
		return nil, fmt.Errorf("read limpid's log: %w", err)
	}
	defer f.Close()
	// To the end, wherever that is by now.
	text, err := io.ReadAll(io.NewSectionReader(f, b.offset, 1<<62))
	if err != nil {
		return nil, fmt.Errorf("read limpid's log: %w", err)
	}
	// A line still being written is for the next time.
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	b.offset += int64(len(text))
	var entries []entry
	for line := range strings.Lines(string(text)) {
		entries = append(entries, parseEntry(strings.TrimSuffix(line, "\n")))
	}
	return entries, nil
}

// parseEntry takes a line of log/slog's TextHandler apart: time and level come
// first. What else a process may print, like a panic, is kept whole.
func parseEntry(line string) entry {
	stamp, rest, _ := strings.Cut(line, " ")
	stamp, found := strings.CutPrefix(stamp, "time=")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if !found || err != nil {
		return entry{text: line}
	}
	if level, after, _ := strings.Cut(rest, " "); strings.HasPrefix(level, "level=") {
		rest = after
	}
	return entry{at, rest}
}

// since writes an entry with its time counted from an event, in milliseconds;
// before it the number is negative.
func (e entry) since(event time.Time) string {
	if e.at.IsZero() {
		return e.text
	}
	return fmt.Sprintf("%+5d ms  %s", e.at.Sub(event).Round(time.Millisecond).Milliseconds(), e.text)
}

// clock writes an entry with the time of day.
func (e entry) clock() string {
	if e.at.IsZero() {
		return e.text
	}
	return e.at.Local().Format(time.TimeOnly) + "  " + e.text
}
