package supervise

import (
	"context"
	"sync"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/doctor"
	"limpid/interceptor"
)

const (
	// looksApart is how old a look must be for counts to be compared with it.
	looksApart = 10 * time.Second
	// checkupFor is how long what was read answers everybody who asks, unless the mode or
	// the settings change: however many do, the kernel is read four times a second or so.
	checkupFor = 250 * time.Millisecond
	// modeTries bounds how often all is read again since the mode has changed meanwhile.
	modeTries = 3
	// explained is how many flows are looked through for those of a question.
	explained = 5000
)

// looks remember what was counted before.
type looks struct {
	mu           sync.Mutex // held while the kernel is read
	older, newer doctor.Counts
	facts        doctor.Facts
	read         time.Time
}

// compared gives what now is to be compared with, and keeps now for the looks to come.
func (l *looks) compared(now doctor.Counts) doctor.Counts {
	if now.At.Sub(l.newer.At) >= looksApart {
		l.older, l.newer = l.newer, now
	}
	return l.older
}

// fresh says that what was read a moment ago still holds: nobody has ordered anything since.
func (l *looks) fresh(now snapshot, c *config.Config) bool {
	if age := time.Since(l.read); l.facts.Known == nil || age < 0 || age >= checkupFor {
		return false
	}
	s := l.facts.Known.Status
	return s.Mode == now.Mode && s.Reason == now.Reason && s.Bypass == now.Ordered && l.facts.Config == c
}

// beginLooks gives the first look something to compare with.
func (s *Supervisor) beginLooks() {
	now := doctor.Counts{At: time.Now()}
	var err error
	now.LAN, now.WAN, err = s.wire.Traffic()
	s.report("port counters", err)
	s.looks.mu.Lock()
	defer s.looks.mu.Unlock()
	s.looks.older, s.looks.newer = now, now
}

// Doctor implements control.Doctor.
func (b backend) Doctor(ctx context.Context) (control.Checkup, error) {
	facts, err := b.facts(ctx)
	if err != nil {
		return control.Checkup{}, err
	}
	return doctor.Examine(facts), nil
}

// Explain implements control.Doctor.
func (b backend) Explain(ctx context.Context, q control.FlowQuestion) (control.FlowAnswer, error) {
	facts, err := b.facts(ctx)
	if err != nil {
		return control.FlowAnswer{}, err
	}
	flows, err := b.Flows(ctx, explained)
	if err != nil {
		return control.FlowAnswer{}, err
	}
	return doctor.Explain(q, facts, flows.Flows), nil
}

// facts reads everything, or gives what was read a moment ago.
func (b backend) facts(ctx context.Context) (doctor.Facts, error) {
	b.looks.mu.Lock()
	defer b.looks.mu.Unlock()
	if b.looks.fresh(b.core.snapshot(), b.current()) {
		return b.looks.facts, nil
	}
	var f doctor.Facts
	for range modeTries {
		status, err := b.Status(ctx)
		if err != nil {
			return f, err
		}
		f = doctor.Facts{Config: b.current(), Kernel: doctor.Read(ctx, b.wire, b.capture.Inspect)}
		if err := ctx.Err(); err != nil {
			return f, err
		}
		f.At = time.Now()
		f.Known = b.known(ctx, f.Config, status)
		if b.core.snapshot().Mode == status.Mode {
			break
		}
	}
	f.Now = b.counts(f)
	f.Before = b.looks.compared(f.Now)
	// From its end on: a proxy that hangs makes it long, and whoever has waited for it takes it.
	b.looks.facts, b.looks.read = f, time.Now()
	return f, nil
}

// known is what the supervisor itself knows.
func (b backend) known(ctx context.Context, c *config.Config, status control.Status) *doctor.Known {
	k := &doctor.Known{Status: status, Most: b.most(c)}
	gate, proxy, web := b.gate.measured(), b.proxy.measured(), b.page.keeper.measured()
	k.Gate = doctor.Pulse{Begun: gate.Begun, Beat: b.lastBeat("gate")}
	k.Proxy = doctor.Pulse{Begun: proxy.Begun, Beat: b.lastBeat("proxy")}
	k.Web = doctor.Pulse{Begun: web.Begun, Beat: b.page.lastAnswer()}
	k.Passed, k.Failure = b.lastCheck()
	// A proxy that does not answer is for other checks to name.
	if page, err := b.Log(ctx, control.LogQuery{Limit: 1}); err == nil && page.Cursor != "" {
		k.Log = page.Problems
	}
	return k
}

func (b backend) counts(f doctor.Facts) doctor.Counts {
	s := f.Known.Status
	c := doctor.Counts{
		At: f.At, LAN: f.Kernel.LAN, WAN: f.Kernel.WAN, Captured: s.Flows.Captured, Bridged: s.Flows.Bridged, Requests: s.Requests,
		Records: s.Log.Records, Dropped: s.Log.Dropped, FileDropped: s.Log.FileDropped, CollectorMissed: s.Log.SyslogDropped,
	}
	counters, err := b.capture.Counters()
	if b.report("counters", err); err == nil {
		c.Refused = counters.Refused
	}
	return c
}

// lastCheck is when a health check passed last, and what was wrong with the last one.
func (s *Supervisor) lastCheck() (passed time.Time, failure string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passed, s.failure
}

func (s *Supervisor) noteCheck(passed bool, failure string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if passed {
		s.passed = time.Now()
	}
	s.failure = failure
}

// inspector is the part of Capture that looks into the kernel.
type inspector interface {
	// Inspect compares the rules in the kernel with those that were applied.
	Inspect(ctx context.Context) (interceptor.Found, error)
}
