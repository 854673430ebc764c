package supervise

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/settings"
)

// Again is what Supervisor.Run returns when one must be made anew, with these options:
// what has changed cannot change while one runs.
type Again struct {
	ConfigPath string
	Bypass     control.Override // as a person has ordered it
	// Former are the settings of before, if those of ConfigPath are new and nobody has to confirm them: they come
	// back where limpid cannot start with the new ones. Empty: there are none.
	Former string
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
	var (
		former string
		was    *config.Config // of the supervisor before; nil: there was none
		left   bool           // the wire of was is down
	)
	for {
		if o.Carried == nil {
			o.Carried = newCarried(o.Credentials)
		}
		left = leaveWire(ctx, o, was) || left
		s, err := New(ctx, o)
		if err != nil && (givenUp(o, err) || wentBack(o, former, err)) {
			former = ""
			continue
		}
		if err != nil {
			if left {
				returnWire(context.WithoutCancel(ctx), o, was)
			}
			return err
		}
		err = s.Run(ctx)
		was, left = s.current(), false
		again, ok := errors.AsType[Again](err)
		if !ok {
			return err
		}
		o.ConfigPath, o.Bypass, former = again.ConfigPath, again.Bypass, again.Former
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

// wentBack keeps the settings of before again, in the place of those with which limpid cannot start, and says whether it
// could.
func wentBack(o Options, former string, why error) bool {
	if o.Settings == nil || former == "" {
		return false
	}
	o.Log.Error("limpid cannot start with the changed settings: those of before are kept again", "error", why)
	note := fmt.Sprintf("limpid could not start with the version before: %v", why)
	v, err := o.Settings.Commit(settings.Change{Text: former, Who: "limpid", Note: strings.ToValidUTF8(note[:min(len(note), mostNote)], "")})
	if err != nil {
		o.Log.Error("cannot keep the settings of before again, or note it", "error", err)
	}
	return v.Number > 0
}

// mostNote is how many bytes of an error the history is told.
const mostNote = 200

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
