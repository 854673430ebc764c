package relay

import (
	"slices"
	"time"

	"limpid/proxy/scoreboard"
)

// A deadline is looked at now and then, not timed: it may be late by an eighth
// of itself, which costs a flow nothing but four bytes.

// sweepInterval is how often the flows of a worker are looked at, 0 for never.
func (s Settings) sweepInterval() time.Duration {
	shortest := time.Duration(0)
	for _, d := range []time.Duration{s.BodyTimeout, s.IdleTimeout} {
		if d > 0 && (shortest == 0 || d < shortest) {
			shortest = d
		}
	}
	return min(shortest/8, 30*time.Second)
}

// headInterval is how often incomplete heads are looked at, 0 for never.
func (s Settings) headInterval() time.Duration {
	shortest := s.HeadWait
	if shortest == 0 || s.HeadTimeout > 0 && s.HeadTimeout < shortest {
		shortest = s.HeadTimeout
	}
	return shortest / 8
}

// tick is the time in steps of 10 ms, as flows remember when they moved.
func (w *Worker) tick() uint32 { return uint32(w.loop.Now().Sub(w.began) / tickLength) }

// tickLength makes a uint32 last for 497 days, and wrapping is harmless.
const tickLength = 10 * time.Millisecond

// sweep ends the flows whose deadline has passed.
func (w *Worker) sweep() {
	now := w.tick()
	// Backwards: a flow that ends swaps with one behind it, seen already.
	for _, f := range slices.Backward(w.flows) {
		still := time.Duration(now-f.moved) * tickLength
		switch {
		case f.health:
		case w.settings.BodyTimeout > 0 && still >= w.settings.BodyTimeout && f.underWay():
			f.expire(scoreboard.BodyTimeout, "body-timeout")
		case w.settings.IdleTimeout > 0 && still >= w.settings.IdleTimeout:
			f.expire(scoreboard.IdleTimeout, "idle-timeout")
		}
	}
}

// expire ends a flow: in order when nothing is under way, else by a reset.
func (f *Flow) expire(cell scoreboard.Cell, why string) {
	f.worker.tally.Add(cell, 1)
	f.why = why
	if f.idle() {
		f.worker.ended(f, f.pair.Finish())
	} else {
		f.worker.ended(f, f.pair.Cut())
	}
}
