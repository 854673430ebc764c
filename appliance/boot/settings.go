package boot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

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

// choose says which configuration runs: the settings if they are valid, else the
// last good ones, else the defaults. load is config.Load without its result.
func choose(load func(path string) error) chosen {
	err := load(settingsPath)
	switch {
	case err == nil:
		return chosen{control.ConfigSettings, settingsPath, nil}
	case load(goodPath) == nil:
		if errors.Is(err, fs.ErrNotExist) {
			err = errors.New("the settings are gone")
		}
		return chosen{control.ConfigLastGood, goodPath, fmt.Errorf("%w; the last good ones are used instead", err)}
	case errors.Is(err, fs.ErrNotExist):
		return chosen{control.ConfigDefaults, defaultPath, nil}
	}
	return chosen{control.ConfigDefaults, defaultPath, fmt.Errorf("%w; the defaults are used instead", err)}
}

func loads(path string) error {
	_, err := config.Load(path)
	return err
}

// chooseConfig takes over settings that somebody brought, then chooses.
func chooseConfig(ctx context.Context, b *Box) error {
	b.finishReset(ctx) // what was left of one by a power cut
	takenErr := b.takeOver(ctx)
	return errors.Join(takenErr, b.chooseAgain())
}

// chooseAgain chooses from what is on the disk now. An error says what is wrong with
// what was passed over.
func (b *Box) chooseAgain() error {
	c := choose(loads)
	var err error
	if c.from == control.ConfigDefaults {
		b.mu.Lock()
		ports := b.ports
		if b.defaults[0] != "" {
			ports = b.defaults
		}
		b.mu.Unlock()
		err = writeDefaults(ports, c.problem == nil)
	}
	b.useConfig(c.path, c.from)
	return errors.Join(c.problem, err)
}

// useConfig notes which configuration runs from the supervisor's next start on.
func (b *Box) useConfig(path string, from control.ConfigFrom) {
	text, err := os.ReadFile(path)
	if err != nil {
		text = nil // then it is never the last good one
	}
	b.mu.Lock()
	b.config, b.text, b.saved = path, text, false
	b.mu.Unlock()
	c, err := config.Load(path)
	if err != nil {
		c = config.Default()
	}
	b.state.change(func(s *control.Box) { s.Config, s.Shell = from, c.Console.Shell })
	b.alarm("watchdog", b.obeyWatchdog(c.Watchdog.Hardware))
	b.log.Info("configuration", "from", string(from), "path", path)
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

// takeSettings runs the box with settings that were changed.
func (b *Box) takeSettings(ctx context.Context) {
	// A factory reset is done before the supervisor's next start, and chooses then.
	asked, _ := factory.Asked(settingsPath)
	if asked == nil {
		b.alarm("config", b.chooseAgain())
	}
	b.mu.Lock()
	k := b.supervise
	b.mu.Unlock()
	if k != nil {
		k.restart(superviseEnd)
	}
	if asked == nil {
		b.alarm("ports", adoptPorts(ctx, b))
	}
}
