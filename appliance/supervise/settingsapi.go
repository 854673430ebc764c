package supervise

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/settings"
)

// Settings implements control.Backend.
func (b backend) Settings(context.Context) (control.Settings, error) {
	if b.Supervisor.Settings == nil {
		return control.Settings{}, control.Refuse(errNoSettings)
	}
	text, err := b.Supervisor.Settings.Text()
	if err != nil {
		return control.Settings{}, err
	}
	s := control.Settings{Text: text, Digest: settings.Digest(text), Bypass: []control.BypassPair{}}
	if t, ok := b.trial(); ok {
		s.Trial = shownTrial(t)
	}
	c, err := config.Parse("limpid.toml", []byte(text))
	if err != nil {
		c = b.current() // what runs in the place of a file with mistakes
	}
	values, err := c.Values()
	if err != nil {
		return s, err
	}
	for _, pair := range b.current().Intercept.Bypass {
		s.Bypass = append(s.Bypass, control.BypassPair(pair))
	}
	for _, k := range config.Keys() {
		s.Keys = append(s.Keys, control.SettingsKey{Key: k.Path, Help: k.Help, Default: k.Default, Value: values[k.Path]})
	}
	return s, nil
}

// EditSettings implements control.Backend.
func (b backend) EditSettings(_ context.Context, edit control.SettingsEdit) (control.SettingsText, error) {
	text := edit.Text
	var complaints []string
	for _, key := range slices.Sorted(maps.Keys(edit.Set)) {
		fresh, err := config.Set(text, key, edit.Set[key])
		if err != nil {
			complaints = append(complaints, err.Error())
			continue
		}
		text = fresh
	}
	for _, key := range slices.Sorted(maps.Keys(edit.Add)) {
		fresh, err := config.Append(text, key, edit.Add[key]...)
		if err != nil {
			complaints = append(complaints, err.Error())
			continue
		}
		text = fresh
	}
	if len(complaints) > 0 {
		return control.SettingsText{}, control.Refuse(errors.New(strings.Join(complaints, "; ")))
	}
	return control.SettingsText{Text: text}, nil
}

// ReviewSettings implements control.Backend.
func (b backend) ReviewSettings(_ context.Context, text string) (control.SettingsReview, error) {
	fresh, err := config.Parse("limpid.toml", []byte(text))
	invalid, ok := errors.AsType[*config.InvalidError](err)
	switch {
	case ok:
		r := control.SettingsReview{Problems: []control.SettingsProblem{}, Changes: []control.SettingsDiff{}}
		for _, p := range invalid.Problems {
			r.Problems = append(r.Problems, control.SettingsProblem{Line: p.Line, Key: p.Key, Text: p.What})
		}
		return r, nil
	case err != nil:
		return control.SettingsReview{}, control.Refuse(err)
	}
	return b.review(fresh)
}

// ApplySettings implements control.Backend.
func (b backend) ApplySettings(ctx context.Context, c control.SettingsChange) (control.SettingsApplied, error) {
	if b.Supervisor.Settings == nil {
		return control.SettingsApplied{}, control.Refuse(errNoSettings)
	}
	window := cmp.Or(time.Duration(c.Window), settings.DefaultWindow)
	if window < settings.MinWindow || window > settings.MaxWindow {
		return control.SettingsApplied{}, control.Refuse(fmt.Errorf("confirm within %v: want %v to %v", window, settings.MinWindow, settings.MaxWindow))
	}
	return b.apply(ctx, settings.Change{Text: c.Text, Base: c.Base, Who: c.Who, Note: c.Note}, window)
}

// ConfirmSettings implements control.Backend.
func (b backend) ConfirmSettings(_ context.Context, token string) (control.SettingsVersion, error) {
	if b.Supervisor.Settings == nil {
		return control.SettingsVersion{}, control.Refuse(errNoSettings)
	}
	b.changing.Lock()
	defer b.changing.Unlock()
	if t, ok := b.trial(); ok {
		if err := b.inEffect(t); err != nil {
			return control.SettingsVersion{}, control.Later(err)
		}
	}
	v, err := b.Supervisor.Settings.Confirm(token)
	if v.Number == 0 && err != nil {
		return control.SettingsVersion{}, refused(err)
	}
	b.report("settings", err)
	wake(b.tried)
	b.Supervisor.Log.Info("settings are confirmed", "version", v.Number)
	if b.ConfigPath != b.SettingsPath {
		b.startAgain(Again{ConfigPath: b.SettingsPath})
	}
	return shownVersion(v, ""), nil
}

// UndoSettings implements control.Backend.
func (b backend) UndoSettings(ctx context.Context) (control.SettingsVersion, error) {
	if b.Supervisor.Settings == nil {
		return control.SettingsVersion{}, control.Refuse(errNoSettings)
	}
	b.changing.Lock()
	defer b.changing.Unlock()
	v, err := b.endTrial(ctx, settings.Undone)
	wake(b.tried)
	return shownVersion(v, ""), refused(err)
}

// SettingsHistory implements control.Backend.
func (b backend) SettingsHistory(context.Context) (control.SettingsHistory, error) {
	versions, err := b.versions()
	h := control.SettingsHistory{Versions: make([]control.SettingsVersion, 0, len(versions))}
	for _, v := range versions {
		h.Versions = append(h.Versions, shownVersion(v, ""))
	}
	return h, err
}

// SettingsVersion implements control.Backend.
func (b backend) SettingsVersion(_ context.Context, number int) (control.SettingsVersion, error) {
	versions, err := b.versions()
	if err != nil {
		return control.SettingsVersion{}, err
	}
	for _, v := range versions {
		if v.Number == number {
			return shownVersion(v, v.Text), nil
		}
	}
	return control.SettingsVersion{}, control.Refuse(fmt.Errorf("version %d: there is none, or no longer", number))
}

func (b backend) versions() ([]settings.Version, error) {
	if b.Supervisor.Settings == nil {
		return nil, control.Refuse(errNoSettings)
	}
	return b.Supervisor.Settings.History()
}

func shownVersion(v settings.Version, text string) control.SettingsVersion {
	return control.SettingsVersion{Number: v.Number, Time: v.Time, Who: v.Who, Note: v.Note, Outcome: string(v.Outcome), Text: text}
}
