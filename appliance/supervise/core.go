package supervise

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"limpid/appliance/control"
)

// armer is what arms capture in the kernel.
type armer interface {
	Arm() error
	Disarm() error
}

// Core holds what is known, decides, and acts on it: all under one lock, so
// that whoever learns of a failure has disarmed when its call returns.
type Core struct {
	log   *slog.Logger
	armer armer
	clock func() time.Time
	// hold is how long capture stays armed when nobody says so again.
	hold time.Duration

	mu      sync.Mutex
	in      Inputs
	verdict Verdict
	since   time.Time
	armed   time.Time // the last time capture was armed; zero when it is not
	gap     Gap
	watched *observation // by a drill; nil: none is under way
}

func newCore(log *slog.Logger, armer armer, clock func() time.Time, hold time.Duration) *Core {
	c := &Core{log: log, armer: armer, clock: clock, hold: hold}
	c.verdict, c.since = c.in.decide(clock()), clock()
	return c
}

// change applies f to the inputs and acts on what follows.
func (c *Core) change(f func(*Inputs)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.in)
	c.act(c.clock())
}

// act is called with the lock held.
func (c *Core) act(now time.Time) {
	if c.in.Bypass.On && !c.in.bypassed(now) {
		c.in.Bypass = control.Override{}
		c.log.Info("ordered bypass is over")
	}
	verdict := c.in.decide(now)
	if !verdict.Armed && !c.armed.IsZero() {
		c.disarm()
	}
	if verdict.Mode == control.Inline {
		c.in.Begun = true
	}
	if verdict.Mode != c.verdict.Mode || verdict.Cause != c.verdict.Cause {
		level := slog.LevelInfo
		if verdict.Mode == control.Bypass {
			level = slog.LevelWarn
		}
		c.log.Log(context.Background(), level, "mode", "mode", string(verdict.Mode), "reason", verdict.Reason)
	}
	if verdict.Mode != c.verdict.Mode {
		c.since = now
	}
	c.verdict = verdict
	if c.watched != nil {
		c.watched.settled(c.clock(), verdict, &c.gap)
	}
}

// disarm is called with the lock held, and only when capture is armed.
func (c *Core) disarm() {
	expires := c.armed.Add(c.hold)
	c.armed = time.Time{}
	if err := c.armer.Disarm(); err != nil {
		// Nobody refreshes it any longer: the kernel disarms by itself.
		c.log.Error("cannot disarm; the kernel does when the time is over", "error", err)
		c.gap.Bridged(expires)
		return
	}
	if done := c.clock(); done.Before(expires) {
		expires = done
	}
	c.gap.Bridged(expires)
}

// Passed takes note of a health check that passed, and arms if nothing speaks
// against it. It is the only way to arm.
func (c *Core) Passed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock()
	c.in.Check, c.in.Failure = Passed, ""
	// A check that passes while capture is off proves nothing to clients:
	// their service is evident only when they are captured.
	if !c.armed.IsZero() {
		c.gap.Served(now)
	}
	if c.in.decide(now).Armed {
		if err := c.armer.Arm(); err != nil {
			c.in.Check, c.in.Failure = Failed, err.Error()
		} else {
			c.armed = now
			c.gap.Served(now)
		}
	}
	c.act(now)
}

// Failed takes note of a health check that failed.
func (c *Core) Failed(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.armed.IsZero() {
		c.gap.Failed(time.Time{})
	}
	c.failed("health check: " + reason)
	c.in.Check, c.in.Failure = Failed, reason
	c.act(c.clock())
}

// childUp takes note that a child has been started.
func (c *Core) childUp(which func(*Inputs) *Child) {
	c.change(func(in *Inputs) {
		which(in).Up, which(in).Started = true, true
		in.Check, in.Failure = Unchecked, ""
	})
}

// childDown takes note that a child has ended; beat is the last heartbeat it
// was seen to give.
func (c *Core) childDown(which func(*Inputs) *Child, reason string, beat time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.armed.IsZero() {
		c.gap.Failed(beat)
	}
	c.failed("its process " + reason)
	child := which(&c.in)
	child.Up, child.Ended = false, reason
	c.in.Check, c.in.Failure = Unchecked, ""
	c.act(c.clock())
}

// failed tells a drill. It is called with the lock held.
func (c *Core) failed(reason string) {
	if c.watched != nil {
		c.watched.failed(c.clock(), reason)
	}
}

// Tick lets time pass: an ordered bypass may be over.
func (c *Core) Tick() { c.change(func(*Inputs) {}) }

// snapshot is what status and metrics show of the core.
type snapshot struct {
	Verdict
	Since   time.Time
	Ordered control.Override
	LastGap time.Duration
	Gaps    uint64
}

func (c *Core) snapshot() snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return snapshot{Verdict: c.verdict, Since: c.since, Ordered: c.in.Bypass, LastGap: c.gap.Last(), Gaps: c.gap.Count()}
}

// unfit says why capture is not in a state to be tested; nil: it is.
func (c *Core) unfit() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unfitNow()
}

// unfitNow is called with the lock held.
func (c *Core) unfitNow() error {
	switch {
	case c.in.bypassed(c.clock()):
		return errors.New("a bypass is ordered, so that there is nothing to test: end it first (limpid bypass off)")
	case c.verdict.Mode != control.Inline:
		return fmt.Errorf("new connections are not captured (mode %s: %s): wait until they are, or mend what keeps them from it",
			c.verdict.Mode, c.verdict.Reason)
	}
	return nil
}

// observe has o see what happens from now on, unless capture is not fit for it.
func (c *Core) observe(o *observation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.unfitNow(); err != nil {
		return err
	}
	o.gaps, c.watched = c.gap.Count(), o
	return nil
}

// unobserve ends that.
func (c *Core) unobserve() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watched = nil
}

func theGate(in *Inputs) *Child  { return &in.Gate }
func theProxy(in *Inputs) *Child { return &in.Proxy }
