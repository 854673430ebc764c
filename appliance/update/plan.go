package update

import (
	"context"
	"errors"
	"fmt"
	"time"

	"limpid/appliance/control"
	"limpid/appliance/slots"
)

const (
	// furthest is how far ahead a reboot may be planned: nobody remembers an older plan.
	furthest = 7 * 24 * time.Hour
	// planLook is how often the clock is looked at: time servers may set it meanwhile.
	planLook = 5 * time.Second
)

// plan is a reboot that is to come.
type plan struct {
	at    time.Time
	stop  context.CancelFunc
	ended chan struct{}
}

// PlanReboot implements control.Updater. A new plan takes the place of the one before;
// with no time there is none any more. It is forgotten when limpid ends.
func (u *Updater) PlanReboot(_ context.Context, at time.Time) error {
	if !at.IsZero() {
		if err := u.plannable(at); err != nil {
			return err
		}
	}
	u.mu.Lock()
	old := u.plan
	u.plan = nil
	if !at.IsZero() {
		// Without the monotonic reading it is compared by the clock on the wall.
		p := &plan{at: at.Round(0), ended: make(chan struct{})}
		var ctx context.Context
		ctx, p.stop = context.WithCancel(u.life)
		u.plan = p
		go u.keep(ctx, p)
	}
	u.mu.Unlock()
	old.end()
	if at.IsZero() {
		u.options.Log.Info("no reboot is planned any more")
	} else {
		u.options.Log.Info("a reboot is planned", "at", at)
	}
	return nil
}

// end ends a plan and waits for it; nil is none. It is never called with the lock held.
func (p *plan) end() {
	if p != nil {
		p.stop()
		<-p.ended
	}
}

func (u *Updater) plannable(at time.Time) error {
	now := u.now()
	switch {
	case !at.After(now):
		return control.Refuse(fmt.Errorf("plan reboot at %s: that is past, it is %s by the box's clock", at.Format(time.DateTime), now.In(at.Location()).Format(time.DateTime)))
	case at.Sub(now) > furthest:
		return control.Refuse(fmt.Errorf("plan reboot at %s: choose a time in the next 7 days", at.Format(time.DateTime)))
	}
	s, err := u.options.Boot.Read()
	if err != nil {
		return err
	}
	if !slots.Pending(s, u.options.Running) {
		return errNothingToTry
	}
	return nil
}

// errNothingToTry refuses a reboot that would change nothing.
var errNothingToTry = control.Refuse(errors.New("reboot: there is nothing to try: send an update, or go back, first"))

// keep waits for the time of a plan, and reboots.
func (u *Updater) keep(ctx context.Context, p *plan) {
	defer close(p.ended)
	defer p.stop()
	for left := p.at.Sub(u.now()); left > 0; left = p.at.Sub(u.now()) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(left, planLook)):
		}
	}
	u.mu.Lock()
	due := u.plan == p
	if due {
		u.plan = nil
	}
	u.mu.Unlock()
	if !due || ctx.Err() != nil {
		return
	}
	if err := u.Reboot(ctx); err != nil {
		u.options.Log.Error("the planned reboot does not take place", "at", p.at, "error", err)
		u.mu.Lock()
		defer u.mu.Unlock()
		u.problem = fmt.Sprintf("the reboot planned for %s did not take place: %v", p.at.Format(time.DateTime), err)
	}
}
