package watchdog

import (
	"context"
	"net/netip"
	"time"
)

// Target acts on what the watchdog finds. Its methods are called one at a time.
type Target interface {
	// Sample looks at the processes.
	Sample() Sample
	// HealthSeen counts the health checks the proxy has taken. A check that
	// was answered while this stood still did not go through it.
	HealthSeen() uint64
	Passed()
	Failed(reason string)
	// Hung asks for a process to be killed.
	Hung(process Process, reason string)
}

// Config times the watchdog.
type Config struct {
	Listener netip.AddrPort // of the gate
	// Interval is the time between checks; a check that is not answered
	// within half of Timeout has failed.
	Interval, Timeout time.Duration
}

// Bounds of the time between two looks at the heartbeats.
const (
	minLook = 10 * time.Millisecond
	maxLook = 50 * time.Millisecond
)

// Watchdog watches. Make one with New and run it.
type Watchdog struct {
	config Config
	target Target
	judge  *Judge
	kick   chan struct{}
}

// New makes a watchdog that does nothing before Run.
func New(config Config, target Target) *Watchdog {
	return &Watchdog{config: config, target: target, judge: NewJudge(config.Interval, config.Timeout), kick: make(chan struct{}, 1)}
}

// Kick has the next check made now: a process has just been started.
func (w *Watchdog) Kick() {
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

// Run watches until ctx ends. One check is made at a time; a check is only
// made while both processes run.
func (w *Watchdog) Run(ctx context.Context) {
	looks := time.NewTicker(min(max(w.config.Interval/4, minLook), maxLook))
	defer looks.Stop()
	results := make(chan outcome)
	var pending *attempt
	defer func() {
		if pending != nil {
			pending.cancel()
			<-results
		}
	}()
	next := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.kick:
			next = time.Now()
		case now := <-looks.C:
			sample := w.target.Sample()
			if who, why := w.judge.Look(now, sample); who != Nobody {
				w.target.Hung(who, why)
			}
			// A check of processes that are gone since says nothing of these.
			if pending != nil && !pending.concerns(sample) {
				pending.cancel()
			}
		case result := <-results:
			w.conclude(pending, result.err)
			// At once after a failure: half of Timeout has gone already.
			next = pending.begun.Add(w.config.Interval)
			pending.cancel()
			pending = nil
		}
		if pending == nil && !time.Now().Before(next) {
			pending = w.begin(ctx, results)
		}
	}
}

// outcome is how a check ended.
type outcome struct{ err error }

// attempt is one check under way.
type attempt struct {
	begun       time.Time
	cancel      context.CancelFunc
	gate, proxy int // pids it concerns
	seen        uint64
}

func (a *attempt) concerns(s Sample) bool { return s.Gate.PID == a.gate && s.Proxy.PID == a.proxy }

// begin starts a check, unless a process does not run.
func (w *Watchdog) begin(ctx context.Context, results chan<- outcome) *attempt {
	sample := w.target.Sample()
	if sample.Gate.PID == 0 || sample.Proxy.PID == 0 {
		return nil
	}
	checking, cancel := context.WithTimeout(ctx, w.config.Timeout/2)
	a := &attempt{begun: time.Now(), cancel: cancel, gate: sample.Gate.PID, proxy: sample.Proxy.PID, seen: w.target.HealthSeen()}
	go func() { results <- outcome{check(checking, w.config.Listener)} }()
	return a
}

func (w *Watchdog) conclude(a *attempt, err error) {
	sample := w.target.Sample()
	switch {
	case !a.concerns(sample):
	case err != nil:
		w.target.Failed(err.Error())
	case w.target.HealthSeen() == a.seen:
		w.target.Failed("the answer did not come through the proxy")
	default:
		w.judge.Passed(sample)
		w.target.Passed()
	}
}
