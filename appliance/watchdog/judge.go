package watchdog

import (
	"fmt"
	"slices"
	"time"
)

// Process names who may be to blame.
type Process int

// Processes.
const (
	Nobody Process = iota
	Gate
	Proxy
)

// String is the name used in logs.
func (p Process) String() string {
	switch p {
	case Gate:
		return "gate"
	case Proxy:
		return "proxy"
	default:
		return "nobody"
	}
}

// Pulse is what a process showed at one moment: its pid, 0 when it does not
// run, and a counter for each of its event loops that grows while it lives.
type Pulse struct {
	PID   int
	Beats []uint64
}

// Sample is one look at both processes.
type Sample struct{ Gate, Proxy Pulse }

// Limits of patience, as multiples of Judge.Timeout.
const (
	// startPatience is for a process that has not yet shown a heartbeat.
	startPatience = 10
	// doubt is how long checks may fail while every heartbeat goes on, which
	// is what overload looks like, before a process is restarted on suspicion.
	doubt = 30
)

// Judge decides who hangs. A process is judged by its heartbeats: overload
// delays checks, but only a stuck loop has no heartbeat. Make one with NewJudge.
type Judge struct {
	interval, timeout time.Duration

	last        time.Time // of the last sample
	gate, proxy history
	failing     time.Duration // how long no check has passed while both ran
	suspect     Process       // of the last restart on suspicion
}

// history is what is remembered of one process.
type history struct {
	pid   int
	beats []uint64
	quiet []time.Duration // for each loop, since its counter last grew
	began bool            // it has shown to work since it was started
	heard []bool
}

// NewJudge makes a judge for checks at an interval, each counted as failed
// after half of timeout.
func NewJudge(interval, timeout time.Duration) *Judge {
	return &Judge{interval: interval, timeout: timeout}
}

// Passed takes note of a check that passed: both processes have begun to work.
func (j *Judge) Passed(s Sample) {
	j.failing, j.suspect = 0, Nobody
	j.gate.add(s.Gate, 0)
	j.proxy.add(s.Proxy, 0)
	j.gate.began, j.proxy.began = true, true
}

// Look judges a sample. It returns the process to kill, and why, or Nobody.
func (j *Judge) Look(now time.Time, s Sample) (Process, string) {
	// Time in which nobody looked proves nothing: when the whole box stood
	// still or was starved, this process did too.
	step := now.Sub(j.last)
	if j.last.IsZero() {
		step = 0
	}
	step = min(max(step, 0), j.interval)
	j.last = now

	j.gate.add(s.Gate, step)
	j.proxy.add(s.Proxy, step)
	if s.Gate.PID == 0 || s.Proxy.PID == 0 {
		j.failing = 0
	} else {
		j.failing += step
	}
	// The gate is judged sooner: while it hangs nothing is accepted, and in a
	// restart its flows, being the proxy's, live on.
	if quiet, hung := j.gate.hangs(j.timeout*2/5, startPatience*j.timeout); hung {
		j.gate = history{}
		return Gate, "no heartbeat for " + quiet
	}
	if quiet, hung := j.proxy.hangs(j.timeout, startPatience*j.timeout); hung {
		j.proxy = history{}
		return Proxy, "no heartbeat for " + quiet
	}
	if j.failing >= doubt*j.timeout {
		j.failing = 0
		// First the one that does more, then the other, in turn.
		if j.suspect != Proxy {
			j.suspect = Proxy
		} else {
			j.suspect = Gate
		}
		return j.suspect, fmt.Sprintf("no health check has passed for %v", doubt*j.timeout)
	}
	return Nobody, ""
}

func (h *history) add(p Pulse, step time.Duration) {
	if p.PID != h.pid || len(p.Beats) != len(h.beats) {
		*h = history{pid: p.PID, beats: slices.Clone(p.Beats), quiet: make([]time.Duration, len(p.Beats)), heard: make([]bool, len(p.Beats))}
		return
	}
	for i, beats := range p.Beats {
		if beats == h.beats[i] {
			h.quiet[i] += step
			continue
		}
		h.beats[i], h.quiet[i], h.heard[i] = beats, 0, true
	}
	h.began = h.began || len(h.heard) > 0 && !slices.Contains(h.heard, false)
}

// hangs says whether any loop was quiet for too long, and for how long.
func (h *history) hangs(patience, atStart time.Duration) (string, bool) {
	if h.pid == 0 || len(h.quiet) == 0 {
		return "", false
	}
	if !h.began {
		patience = atStart
	}
	quiet := slices.Max(h.quiet)
	return quiet.Round(time.Millisecond).String(), quiet > patience
}
