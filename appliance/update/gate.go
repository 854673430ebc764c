package update

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"limpid/appliance/slots"
)

// Committer is the choice of the slot to boot, as a Gate changes it.
// slots.File is one.
type Committer interface {
	Read() (slots.State, error)
	Commit(running slots.Slot) (slots.State, error)
}

// Gate decides once after each boot whether the firmware that runs is good. It
// belongs to PID 1, outside of what it judges.
type Gate struct {
	Running slots.Slot
	Boot    Committer
	// Health says what is not well, nil when all is. It is asked every Interval.
	Health func(context.Context) error
	// Reboot is called where the other slot is booted next.
	Reboot func(context.Context) error
	Log    *slog.Logger

	Interval time.Duration // between looks; 0 for a second
	Steady   int           // looks in a row that must find all well; 0 for 20
	// Deadline is how long a firmware may take to be well before the box falls
	// back; 0 for three minutes. Nothing but a try ends with it: a box whose
	// cables are out is not rebooted, and is committed when it is well.
	Deadline time.Duration
}

// Outcome is what became of a boot.
type Outcome string

// Outcomes.
const (
	Committed Outcome = "committed"
	FellBack  Outcome = "fell back" // a reboot was asked for
	Ended     Outcome = "ended"     // ctx ended first
)

// Usual values of a Gate.
const (
	usualInterval = time.Second
	usualSteady   = 20
	usualDeadline = 3 * time.Minute
)

// Run watches until the firmware has proved healthy, or the box falls back, or
// ctx ends. A commit or reboot that fails is tried again.
func (g Gate) Run(ctx context.Context) Outcome {
	if g.Interval == 0 {
		g.Interval = usualInterval
	}
	if g.Steady == 0 {
		g.Steady = usualSteady
	}
	if g.Deadline == 0 {
		g.Deadline = usualDeadline
	}
	begun := time.Now()
	ticks := time.NewTicker(g.Interval)
	defer ticks.Stop()
	well := 0
	last := errors.New("it was not looked at")
	said := "" // what kept it from the last commit: a medium that takes no writes is not worth a line each second
	for {
		select {
		case <-ctx.Done():
			return Ended
		case <-ticks.C:
		}
		if err := g.Health(ctx); err != nil {
			last, well = err, 0
		} else {
			well++
		}
		if well >= g.Steady {
			err := g.commit()
			if err == nil {
				return Committed
			}
			if text := err.Error(); text != said {
				g.Log.Error("cannot commit the slot that runs: it is tried again and again", "error", err)
				said = text
			}
		}
		if late := time.Since(begun) >= g.Deadline; late && well == 0 && g.fallBack(ctx, last) {
			return FellBack
		}
	}
}

func (g Gate) commit() error {
	before, _ := g.Boot.Read() // what cannot be read Commit mends
	after, err := g.Boot.Commit(g.Running)
	if err != nil {
		return err
	}
	g.Log.Info("firmware has proved healthy", "slot", g.Running.String(), "before", before.String(), "after", after.String())
	return nil
}

// fallBack reboots if that leads to the other slot.
func (g Gate) fallBack(ctx context.Context, why error) bool {
	s, err := g.Boot.Read()
	if err != nil || !slots.Last(s, g.Running) {
		return false
	}
	g.Log.Error("firmware does not get healthy: rebooting into the other slot", "slot", g.Running.String(), "error", why)
	if err := g.Reboot(ctx); err != nil {
		g.Log.Error("cannot reboot", "error", err)
		return false
	}
	return true
}
