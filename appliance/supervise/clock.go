package supervise

import (
	"context"
	"errors"
	"fmt"
	"time"

	"limpid/appliance/clock"
	"limpid/appliance/control"
)

// Why the clock is not set.
var (
	errHostsClock    = errors.New("set the clock: limpid is a guest here, and its host keeps the time: set it there")
	errNetworksClock = errors.New("set the clock: time servers keep it: take them out of management.ntp first, or set those right")
)

// SetClock implements control.Backend. Nothing that runs is hurried or delayed by it: who
// waits does so by the monotonic clock. Process 1 is told, so that it keeps the time for the
// next start.
func (b backend) SetClock(_ context.Context, at time.Time) (control.Clock, error) {
	box := control.ReadBox(b.RunDir)
	network, err := control.ReadNetwork(b.RunDir)
	switch {
	case box == nil || b.SetTime == nil:
		return control.Clock{}, control.Refuse(errHostsClock)
	case err == nil && len(network.NTP) > 0 && box.Clock == clock.FromNetwork:
		return control.Clock{}, control.Refuse(errNetworksClock)
	}
	if err := clock.Doubt(at, b.Built); err != nil {
		return control.Clock{}, control.Refuse(fmt.Errorf("set the clock: %w: look at the date", err))
	}
	before := time.Now().UTC()
	if err := b.SetTime(at); err != nil {
		return control.Clock{}, err
	}
	b.Supervisor.Log.Info("the clock has been set by a person", "from", before.Format(time.DateTime), "to", at.UTC().Format(time.DateTime))
	return control.Clock{Time: time.Now()}, control.WriteClock(b.RunDir, control.Clock{Time: at})
}

// byNow is a moment of this process by the clock of now: what one that has been set
// meanwhile would have said, to the second. Ages and times left that somebody else works
// out of it stay true then.
func byNow(t, now time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return restated(t, now.Round(0).Sub(t.Round(0)), now.Sub(t))
}

// restated is a moment that is so long ago by the clock on the wall, and by the monotonic one.
func restated(t time.Time, wall, steady time.Duration) time.Time {
	return t.Round(0).Add((wall - steady).Round(time.Second))
}
