package supervise

import (
	"context"
	"errors"
	"fmt"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/factory"
)

// errReadOnly says why a reset would not last.
var errReadOnly = errors.New("factory reset: the disk refuses writes, and what goes now would be back after a restart: replace the disk")

// Reset implements control.Backend. What is asked for here is done when this supervisor
// has ended: by Run, or by process 1 of a box, before the next one starts.
func (b backend) Reset(_ context.Context, request control.ResetRequest) error {
	s := b.Supervisor
	if s.Settings == nil {
		return control.Refuse(errNoSettings)
	}
	box := control.ReadBox(s.RunDir)
	if box != nil && box.Data == control.DataReadOnly {
		return control.Refuse(errReadOnly)
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	r, err := s.resetOf(box == nil)
	if err != nil {
		return err
	}
	r.Who, r.Asked = request.Who, time.Now()
	if err := factory.Ask(s.SettingsPath, r); err != nil {
		return err
	}
	s.Log.Warn("factory reset is asked for", "who", request.Who)
	s.startAgain(Again{ConfigPath: s.SettingsPath})
	return nil
}

// resetOf is what goes, and what the settings become: on a box of its own limpid has
// defaults for it; as a guest it keeps the bridge it was given.
func (s *Supervisor) resetOf(guest bool) (factory.Request, error) {
	now := s.current()
	// A change on trial is none of the owner's settings yet: the wire goes back with it.
	kept, err := config.Load(s.SettingsPath)
	if err != nil {
		kept = now
	}
	r := factory.Request{Ports: kept.Bridge.Ports, Credentials: s.Credentials, Logs: []string{kept.Log.Path}}
	if now.Log.Path != kept.Log.Path {
		r.Logs = append(r.Logs, now.Log.Path)
	}
	if guest {
		r.Settings, err = guestSettings(kept)
	} else {
		err = nil
	}
	return r, err
}

// guestHead stands above the settings that a guest begins anew with.
const guestHead = "# limpid's settings after a factory reset. limpid check FILE looks whether a change is valid.\n\n"

// guestSettings is the smallest file that keeps the bridge.
func guestSettings(c *config.Config) (string, error) {
	values, err := c.Values()
	if err != nil {
		return "", err
	}
	text := guestHead + "[bridge]\nports = " + values["bridge.ports"] + "\n"
	if c.Bridge.Name != config.Default().Bridge.Name {
		text += "name = " + values["bridge.name"] + "\n"
	}
	if _, err := config.Parse("limpid.toml", []byte(text)); err != nil {
		return "", fmt.Errorf("factory reset: %w", err)
	}
	return text, nil
}

// ownBox says whether process 1 is limpid's: it starts supervisors, and does resets
// between two of them.
func ownBox(o Options) bool { return control.ReadBox(o.RunDir) != nil }

// resetAsked says whether a reset is still to be done.
func resetAsked(o Options) bool {
	r, err := factory.Asked(o.SettingsPath)
	return r != nil && err == nil
}

// finishReset does a reset that was asked for, if that is ours to do, and gives the
// options of a supervisor as it is after it: nothing of what people have ordered is left.
func finishReset(ctx context.Context, o Options) Options {
	if ownBox(o) {
		return o
	}
	r, err := factory.Finish(ctx, factory.Place{Settings: o.SettingsPath, LogUser: child.ProxyUser().UID})
	o.Unfinished = err
	switch {
	case err != nil:
		o.Log.Error("factory reset is not done", "error", err)
	case r != nil:
		o.Log.Warn("factory reset is done", "who", r.Who, "asked", r.Asked)
		if o.Carried != nil {
			o.Carried.sockets.close()
		}
		o.ConfigPath, o.Bypass, o.Settings, o.Carried = o.SettingsPath, control.Override{}, nil, nil
	}
	return o
}
