package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"limpid/appliance/control"
)

// change is a status that differs from the one before it in what people want
// to know, and when it became so.
type change struct {
	at     time.Time
	status control.Status
}

// differs ignores counters.
func differs(a, b control.Status) bool {
	return a.Mode != b.Mode || a.Reason != b.Reason || a.Proxy.PID != b.Proxy.PID || a.Gate.PID != b.Gate.PID
}

// watch asks for the status that often, and calls tell with the first and with
// each that differs, until ctx ends. Questions that fail are told to nobody: a
// supervisor that has ended is noticed elsewhere.
func (d *demo) watch(ctx context.Context, every time.Duration, tell func(change)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var last *control.Status
	for {
		if s, err := d.control.Status(ctx); err == nil && (last == nil || differs(*last, s)) {
			at := time.Now()
			if last == nil || last.Mode != s.Mode {
				// limpid knows it better than whoever asks now and then.
				at = s.Since
			}
			last = &s
			tell(change{at, s})
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// timeline is the table of changes around an event.
func timeline(event time.Time, changes []change) [][]string {
	rows := [][]string{{"ms", "mode", "gate", "proxy", "why"}}
	for i, c := range changes {
		when := strconv.FormatInt(c.at.Sub(event).Milliseconds(), 10)
		if i == 0 {
			when = "before"
		}
		rows = append(rows, []string{when, string(c.status.Mode), pid(c.status.Gate), pid(c.status.Proxy), c.status.Reason})
	}
	return rows
}

func pid(p control.Process) string {
	if p.PID == 0 {
		return "-"
	}
	return fmt.Sprintf("%d", p.PID)
}
