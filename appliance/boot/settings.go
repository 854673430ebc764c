package boot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/durable"
	"limpid/appliance/factory"
)

// Places of configurations.
const (
	settingsPath = configDir + "/limpid.toml"
	goodPath     = configDir + "/limpid.good.toml" // the last one with which the box was well
	defaultPath  = RunDir + "/default.toml"
)

// chosen is the configuration to run, and what is wrong with those before it.
type chosen struct {
	from    control.ConfigFrom
	path    string
	problem error
}

// choose says which configuration runs: the settings if they can be used, else the
// last good ones, else the defaults. usable says why one cannot.
func choose(usable func(path string) error) chosen {
	err := usable(settingsPath)
	switch {
	case err == nil:
		return chosen{control.ConfigSettings, settingsPath, nil}
	case usable(goodPath) == nil:
		if errors.Is(err, fs.ErrNotExist) {
			err = errors.New("the settings are gone")
		}
		return chosen{control.ConfigLastGood, goodPath, fmt.Errorf("%w; the last good ones are used instead", err)}
	case errors.Is(err, fs.ErrNotExist):
		return chosen{control.ConfigDefaults, defaultPath, nil}
	}
	return chosen{control.ConfigDefaults, defaultPath, fmt.Errorf("%w; the defaults are used instead", err)}
}

// errUnfit is about settings that are valid and yet do not work here.
var errUnfit = errors.New("the supervisor does not start with these settings (its own words are in " + RunDir + "/box.log): correct them")

// spare is what is tried when the supervisor does not live with the configuration at
// path: the last good one, else the defaults. It is false when that one is a spare.
func spare(path string, usable func(path string) error) (chosen, bool) {
	switch {
	case path == goodPath || path == defaultPath:
		return chosen{}, false
	case usable(goodPath) == nil:
		return chosen{control.ConfigLastGood, goodPath, fmt.Errorf("%w; the last good ones are used instead", errUnfit)}, true
	}
	return chosen{control.ConfigDefaults, defaultPath, fmt.Errorf("%w; the defaults are used instead", errUnfit)}, true
}

// absentError is about a configuration whose ports are not there, in words that are whole on
// a console.
type absentError struct{ ports []string }

func (e *absentError) Error() string {
	if len(e.ports) == 1 {
		return "port " + e.ports[0] + " is not there (plug it in, or correct bridge.ports)"
	}
	return "ports " + strings.Join(e.ports, " and ") + " are not there (plug them in, or correct bridge.ports)"
}

// usable says why a configuration cannot be used: it has a mistake, or the wire that is
// there would be given up for ports that are not.
func (b *Box) usable(ctx context.Context, path string) error {
	c, err := config.Load(path)
	if err != nil {
		return err
	}
	if missing := b.missing(ctx, wireOf(c)); len(missing) > 0 {
		return &absentError{missing}
	}
	return nil
}

// chooseConfig takes over settings that somebody brought, then chooses.
func chooseConfig(ctx context.Context, b *Box) error {
	b.finishReset(ctx) // what was left of one by a power cut
	takenErr := b.takeOver(ctx)
	return errors.Join(takenErr, b.chooseAgain(ctx))
}

// chooseAgain chooses from what is on the disk now. An error says what is wrong with
// what was passed over.
func (b *Box) chooseAgain(ctx context.Context) error {
	return b.use(ctx, choose(func(path string) error { return b.usable(ctx, path) }))
}

// trySpare turns from a configuration with which the supervisor does not live to another.
func (b *Box) trySpare(ctx context.Context) {
	b.mu.Lock()
	path := b.config
	b.mu.Unlock()
	c, ok := spare(path, func(path string) error { return b.usable(ctx, path) })
	if ok {
		b.alarm("config", b.use(ctx, c))
	}
}

// use notes what was chosen, and says what is wrong with what was passed over.
func (b *Box) use(ctx context.Context, c chosen) error {
	var err error
	if c.from == control.ConfigDefaults {
		err = writeDefaults(b.defaultPorts(ctx), c.problem == nil)
	}
	b.useConfig(c)
	b.mu.Lock()
	b.settings = readSettings(settingsPath)
	b.mu.Unlock()
	return errors.Join(c.problem, err)
}

// readSettings gives what a file of settings says; nil: nothing.
func readSettings(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return text
}

// chooseChanged chooses again between two supervisors if the settings are others than
// when that was done last: the one that has ended may have run with what runs in their place,
// the defaults of a first start, and been told others to keep.
func (b *Box) chooseChanged(ctx context.Context) {
	if asked, _ := factory.Asked(settingsPath); asked != nil {
		return // it chooses when it is done
	}
	b.mu.Lock()
	known := b.settings
	b.mu.Unlock()
	if now := readSettings(settingsPath); now != nil && !bytes.Equal(now, known) {
		b.alarm("config", b.chooseAgain(ctx))
	}
}

// defaultPorts are those that the wire had before a factory reset, once; else those of
// the wire that is there, which stays what it is; else the first two.
func (b *Box) defaultPorts(ctx context.Context) [2]string {
	b.mu.Lock()
	first, reset := b.ports, b.defaults
	b.defaults = [2]string{}
	b.mu.Unlock()
	switch _, wire := b.keeps(); {
	case reset[0] != "":
		return reset
	case b.whole(ctx):
		return [2]string{wire.LAN, wire.WAN}
	}
	return first
}

// useConfig notes which configuration runs from the supervisor's next start on.
func (b *Box) useConfig(chosen chosen) {
	text, err := os.ReadFile(chosen.path)
	if err != nil || chosen.from == control.ConfigDefaults && chosen.problem != nil {
		text = nil // defaults that stand in for other settings take nobody's place
	}
	_, waits := errors.AsType[*absentError](chosen.problem)
	b.mu.Lock()
	b.config, b.text, b.saved, b.waits = chosen.path, text, false, waits
	b.deaths = 0 // each configuration has a row of its own
	b.mu.Unlock()
	c, err := config.Load(chosen.path)
	if err != nil {
		c = config.Default()
	}
	b.state.change(func(s *control.Box) { s.Config, s.Shell = chosen.from, c.Console.Shell })
	b.alarm("watchdog", b.obeyWatchdog(c.Watchdog.Hardware))
	b.log.Info("configuration", "from", string(chosen.from), "path", chosen.path)
}

// defaultsHead stands above the defaults.
const defaultsHead = "# limpid's settings as they were at the first start. limpid check FILE looks whether a change is valid.\n\n"

// writeDefaults writes the defaults for a box with these ports, as settings too if
// there are none: then they are there to be changed.
func writeDefaults(ports [2]string, asSettings bool) error {
	if ports[0] == "" {
		ports = [2]string{"eth0", "eth1"} // what the first two will be called
	}
	c := config.Default()
	c.Bridge.Ports = ports[:]
	text, err := c.TOML()
	if err != nil {
		return err
	}
	text = append([]byte(defaultsHead), text...)
	if err := os.WriteFile(defaultPath, text, 0o600); err != nil {
		return fmt.Errorf("write defaults: %w", err)
	}
	if asSettings {
		return durable.Replace(settingsPath, text, 0o600)
	}
	return nil
}

// saveGood keeps the configuration that runs, with which the box has become well,
// as the last good one.
func (b *Box) saveGood() {
	b.mu.Lock()
	path, text, saved := b.config, b.text, b.saved
	b.saved = true
	b.mu.Unlock()
	if !saved {
		b.alarm("last good settings", keepGood(path, text, goodPath))
	}
}

// keepGood makes a configuration that was found good, the text of a file, that of
// the file good. One that was changed since it was chosen is not the one that was
// found good: its turn comes when it has run.
func keepGood(path string, text []byte, good string) error {
	if path == good || text == nil {
		return nil
	}
	now, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("keep good settings: %w", err)
	}
	if !bytes.Equal(now, text) {
		return nil
	}
	if old, err := os.ReadFile(good); err == nil && bytes.Equal(old, text) {
		return nil
	}
	return durable.Replace(good, text, 0o600)
}

// askSettings has changed settings taken over, and does not wait for it. Asked for while
// they are, they are taken once more.
func (b *Box) askSettings() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// followSettings takes settings over whenever that is asked for, one time after the other,
// until ctx ends.
func (b *Box) followSettings(ctx context.Context, take func(context.Context)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.changed:
			take(ctx)
		}
	}
}

// takeSettings runs the box with settings that were changed.
func (b *Box) takeSettings(ctx context.Context) {
	// A factory reset is done before the supervisor's next start, and chooses then.
	if asked, _ := factory.Asked(settingsPath); asked == nil {
		b.alarm("config", b.chooseAgain(ctx))
	}
	b.apply(ctx)
}

// apply runs the box with the configuration that was chosen. The keeper adopts its ports
// before the supervisor's next start; as long as there is none nobody else does.
func (b *Box) apply(ctx context.Context) {
	b.mu.Lock()
	k := b.supervise
	b.mu.Unlock()
	if k == nil {
		b.alarm("ports", adoptPorts(ctx, b))
		return
	}
	k.restart(superviseEnd)
}
