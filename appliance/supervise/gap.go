package supervise

import "time"

// Gap measures last_gap_ms: an upper bound of how long new connections were
// neither served nor bridged at the last failure. It begins at the newest
// evidence that they were served: the last health check that passed, or, when
// a process has ended, the last heartbeat it was seen to give if that is
// later. It ends when they were bridged for certain (capture is disarmed, or
// the kernel's dead man's switch has run out) or served again (a check has
// passed), whichever is first. Disarming on purpose, by the operator or at the
// end, is no failure and measures nothing. The zero Gap is ready.
type Gap struct {
	served time.Time     // newest evidence of service
	begun  time.Time     // the open gap's begin; zero when none is open
	last   time.Duration // the newest gap that has ended
	count  uint64        // of gaps that have ended
}

// Served is evidence: at that time connections were served. It ends an open gap.
func (g *Gap) Served(at time.Time) {
	g.end(at)
	if at.After(g.served) {
		g.served = at
	}
}

// Failed begins a gap, unless one is open or nothing was ever served. beat is
// the last heartbeat of the process that ended, zero when none is known to.
func (g *Gap) Failed(beat time.Time) {
	if !g.begun.IsZero() || g.served.IsZero() {
		return
	}
	g.begun = g.served
	if beat.After(g.begun) {
		g.begun = beat
	}
}

// Bridged ends an open gap: from at on, new connections are bridged.
func (g *Gap) Bridged(at time.Time) { g.end(at) }

// Last is the newest gap that has ended, 0 when there was none.
func (g *Gap) Last() time.Duration { return g.last }

// Count is how many gaps have ended.
func (g *Gap) Count() uint64 { return g.count }

func (g *Gap) end(at time.Time) {
	if g.begun.IsZero() {
		return
	}
	g.last = max(at.Sub(g.begun), 0)
	g.count++
	g.begun = time.Time{}
	// What was served before the gap is no evidence for the next one: by then
	// connections are bridged, and only a check that passes says otherwise.
	g.served = time.Time{}
}
