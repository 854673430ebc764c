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

// answerFirst is how long limpid waits before it, or its page, starts anew, so that who asked for
// it is answered.
const answerFirst = 300 * time.Millisecond

// errNoSettings says that there is nothing to change.
var errNoSettings = errors.New("the settings cannot be changed here: their folder cannot be written")

// trial is the change that is in effect and waits to be confirmed.
func (s *Supervisor) trial() (settings.Trial, bool) {
	if s.Settings == nil {
		return settings.Trial{}, false
	}
	return s.Settings.Pending()
}

// firstConfig is what to begin with.
func firstConfig(o Options) (*config.Config, error) {
	if o.Settings != nil {
		if t, ok := o.Settings.Pending(); ok {
			return config.Parse("limpid.toml", []byte(t.Text))
		}
	}
	return config.Load(o.ConfigPath)
}

// keepTrial gives a trial up when its time is over, until ctx ends.
func (s *Supervisor) keepTrial(ctx context.Context) {
	for ctx.Err() == nil {
		t, ok := s.trial()
		if !ok {
			wait(ctx, time.Hour, s.tried)
			continue
		}
		if t.Left > 0 {
			wait(ctx, min(t.Left, time.Second), s.tried)
			continue
		}
		s.changing.Lock()
		if _, err := s.endTrial(ctx, settings.Unconfirmed); err != nil && !errors.Is(err, settings.ErrNone) {
			s.report("settings", err)
		}
		s.changing.Unlock()
	}
}

// endTrial gives a trial up and puts back into effect what holds. It is called with
// changing held.
func (s *Supervisor) endTrial(ctx context.Context, outcome settings.Outcome) (settings.Version, error) {
	v, err := s.Settings.Undo(outcome)
	if v.Number == 0 && err != nil {
		return v, err
	}
	s.Log.Warn("a change of the settings is given up", "why", string(outcome), "version", v.Number)
	old, loadErr := config.Load(s.ConfigPath)
	if loadErr == nil && fixed(s.current(), old) == "" {
		loadErr = s.takeOver(ctx, old)
		if loadErr == nil {
			return v, err
		}
	}
	s.startAgain(Again{ConfigPath: s.ConfigPath})
	return v, err
}

// startAgain has Run end in order, in a moment.
func (s *Supervisor) startAgain(how Again) {
	time.AfterFunc(answerFirst, func() {
		select {
		case s.again <- how:
		default: // it is to start anew already
		}
	})
}

// cutsOff reports whether a change of a key could cut somebody off from the box, or
// the wire in two. The zone that times are told in could not.
func cutsOff(key string) bool {
	if key == "management.timezone" {
		return false
	}
	return strings.HasPrefix(key, "bridge.") || strings.HasPrefix(key, "management.") || key == "web.listen"
}

// review says what a valid configuration would change.
func (s *Supervisor) review(fresh *config.Config) (control.SettingsReview, error) {
	r := control.SettingsReview{Problems: []control.SettingsProblem{}, Changes: []control.SettingsDiff{}}
	old := s.current()
	differences, err := config.Differences(old, fresh)
	if err != nil {
		return r, err
	}
	for _, d := range differences {
		r.Changes = append(r.Changes, control.SettingsDiff{Key: d.Key, Old: d.Old, New: d.New})
		r.Confirm = r.Confirm || cutsOff(d.Key)
	}
	r.Restart = fixed(old, fresh) != ""
	return r, nil
}

// apply changes the settings, or begins to try a change.
func (s *Supervisor) apply(ctx context.Context, change settings.Change, window time.Duration) (control.SettingsApplied, error) {
	fresh, err := config.Parse("limpid.toml", []byte(change.Text))
	if err != nil {
		return control.SettingsApplied{}, control.Refuse(err)
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	effects, err := s.review(fresh)
	if err != nil {
		return control.SettingsApplied{}, err
	}
	if effects.Confirm {
		return s.try(ctx, change, fresh, effects.Restart, window)
	}
	former, err := s.Settings.Former(change)
	if err != nil {
		return control.SettingsApplied{}, refused(err)
	}
	before := s.current()
	if !effects.Restart {
		if err := s.takeOver(ctx, fresh); err != nil {
			return control.SettingsApplied{}, fmt.Errorf("put the settings into effect: %w; those of before stay", err)
		}
	}
	v, err := s.Settings.Commit(change)
	if v.Number == 0 {
		if !effects.Restart {
			err = errors.Join(err, s.takeOver(ctx, before))
		}
		return control.SettingsApplied{}, refused(err)
	}
	s.report("settings", err)
	s.Log.Info("settings are changed", "version", v.Number, "who", v.Who, "restart", effects.Restart)
	if effects.Restart || s.ConfigPath != s.SettingsPath {
		s.startAgain(Again{ConfigPath: s.SettingsPath, Former: former})
	}
	return control.SettingsApplied{Version: v.Number, Restart: effects.Restart || s.ConfigPath != s.SettingsPath}, nil
}

// try puts a change into effect that has to be confirmed.
func (s *Supervisor) try(ctx context.Context, change settings.Change, fresh *config.Config, restart bool, window time.Duration) (control.SettingsApplied, error) {
	t, token, err := s.Settings.Begin(change, window)
	if err != nil {
		return control.SettingsApplied{}, refused(err)
	}
	s.Log.Info("settings are tried", "who", t.Who, "until", t.Until, "restart", restart)
	if restart {
		s.startAgain(Again{ConfigPath: s.ConfigPath})
	} else if err := s.takeOver(ctx, fresh); err != nil {
		_, noted := s.Settings.Undo(settings.Failed)
		return control.SettingsApplied{}, errors.Join(fmt.Errorf("put the settings into effect: %w; those of before stay", err), noted)
	}
	wake(s.tried)
	return control.SettingsApplied{Trial: shownTrial(t), Token: token, Restart: restart}, nil
}

// refused marks what is the asker's to mend.
func refused(err error) error {
	for _, theirs := range []error{settings.ErrChanged, settings.ErrPending, settings.ErrNone, settings.ErrToken} {
		if errors.Is(err, theirs) {
			return control.Refuse(err)
		}
	}
	return err
}

func shownTrial(t settings.Trial) *control.SettingsTrial {
	left := max(0, int(t.Left/time.Second))
	now := time.Now()
	return &control.SettingsTrial{Who: t.Who, Note: t.Note, Text: t.Text, Begun: byNow(t.Begun, now), Until: byNow(t.Until, now), Left: left}
}
