package supervise

import (
	"sync"
	"time"

	"limpid/appliance/control"
)

// observation is what a drill sees of the Core, from before the blow until new
// connections are captured again. The Core tells it all, with its own lock held.
type observation struct {
	over chan struct{} // closed when there is nothing more to see

	mu                         sync.Mutex
	gaps                       uint64 // that had ended when it began
	ended                      bool
	noticed, bridged, captured time.Time // zero: not yet
	reason                     string    // by what it was noticed
	gap                        time.Duration
	measured                   bool   // gap is known
	problem                    string // why it ended before its time
}

func newObservation() *observation { return &observation{over: make(chan struct{})} }

// failed tells that a failure was learned of.
func (o *observation) failed(at time.Time, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.noticed.IsZero() && !o.ended {
		o.noticed, o.reason = at, reason
	}
}

// settled tells what has followed of something that was learned: of all it may have
// brought, at is when it was done.
func (o *observation) settled(at time.Time, v Verdict, gap *Gap) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return
	}
	if n := gap.Count(); n > o.gaps {
		o.gaps, o.gap, o.measured = n, max(o.gap, gap.Last()), true
	}
	switch {
	case v.Cause == Ordered, v.Cause == Stopping:
		o.end("new connections are bridged on purpose now: " + v.Reason)
	case v.Mode != control.Inline && o.bridged.IsZero():
		o.bridged = at
	case v.Mode == control.Inline && !o.bridged.IsZero():
		o.captured = at
		o.end("")
	}
}

// giveUp ends it, unless it has ended.
func (o *observation) giveUp(problem string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ended {
		o.end(problem)
	}
}

// end is called with the lock held, once.
func (o *observation) end(problem string) {
	o.problem, o.ended = problem, true
	close(o.over)
}

// tell writes what was seen after the blow.
func (o *observation) tell(d *control.Drill) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d.Reason, d.Problem, d.Running = o.reason, o.problem, !o.ended
	after := func(at time.Time) *int64 {
		if at.IsZero() {
			return nil
		}
		return milliseconds(at.Sub(d.Struck))
	}
	d.NoticedMS, d.BypassMS, d.InlineMS = after(o.noticed), after(o.bridged), after(o.captured)
	if o.measured {
		d.GapMS = milliseconds(o.gap)
	}
}

// milliseconds rounds up: half a millisecond was some time.
func milliseconds(d time.Duration) *int64 { return new(roundUp(d)) }

func roundUp(d time.Duration) int64 {
	return int64((max(d, 0) + time.Millisecond - 1) / time.Millisecond)
}
