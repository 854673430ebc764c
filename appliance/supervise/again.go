package supervise

import (
	"context"
	"errors"
	"time"

	"limpid/appliance/control"
	"limpid/appliance/settings"
)

// Again is what Supervisor.Run returns when one must be made anew, with these options:
// what has changed cannot change while one runs.
type Again struct {
	ConfigPath string
	Bypass     control.Override // as a person has ordered it
}

// Error implements error.
func (Again) Error() string { return "limpid starts anew for other settings" }

// Run makes one supervisor after another and runs it, until ctx ends. Settings on trial
// with which none can start are given up, and the next one has those of before. A
// trial lasts over supervisors, and ends with the process.
func Run(ctx context.Context, o Options) error {
	o = finishReset(ctx, o)
	o.Settings = openSettings(o, time.Now)
	return runOn(ctx, o)
}

func runOn(ctx context.Context, o Options) error {
	defer func() { o.Carried.sockets.close() }()
	for {
		if o.Carried == nil {
			o.Carried = newCarried(o.Credentials)
		}
		s, err := New(ctx, o)
		if err != nil && givenUp(o, err) {
			continue
		}
		if err != nil {
			return err
		}
		err = s.Run(ctx)
		again, ok := errors.AsType[Again](err)
		if !ok {
			return err
		}
		o.ConfigPath, o.Bypass = again.ConfigPath, again.Bypass
		if !resetAsked(o) {
			continue
		}
		if ownBox(o) {
			return nil // process 1 does it, and starts the next one
		}
		if o = finishReset(ctx, o); o.Settings == nil {
			o.Settings = openSettings(o, time.Now)
		}
	}
}

// openSettings opens the store of the settings. Without it everything else works.
func openSettings(o Options, clock func() time.Time) *settings.Store {
	s, left, err := settings.Open(o.SettingsPath, clock)
	if err != nil {
		o.Log.Warn("the settings cannot be changed from here", "error", err)
		return nil
	}
	if left != nil && left.Outcome != settings.Kept {
		o.Log.Warn("a change of the settings was not confirmed before limpid started anew: it is given up", "version", left.Number)
	}
	return s
}

// givenUp ends a trial with which limpid cannot even start, and says whether there was one.
func givenUp(o Options, why error) bool {
	if o.Settings == nil {
		return false
	}
	if _, ok := o.Settings.Pending(); !ok {
		return false
	}
	o.Log.Error("limpid cannot start with the settings on trial: they are given up", "error", why)
	_, err := o.Settings.Undo(settings.Failed)
	if err != nil {
		o.Log.Error("cannot note that", "error", err)
	}
	return true
}
