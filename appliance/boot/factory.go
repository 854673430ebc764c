package boot

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/factory"
)

// errReadOnly says why a reset would not last.
var errReadOnly = errors.New("factory reset: the disk refuses writes, and what goes now would be back after a restart: replace the disk")

// ResetAll asks for a factory reset. It is for process 1's own consoles, and done when
// process 1 is sent SIGHUP, or at the next start.
func ResetAll() error {
	box := control.ReadBox(RunDir)
	if box != nil && box.Data == control.DataReadOnly {
		return errReadOnly
	}
	return resetAll(settingsPath, goodPath, time.Now())
}

func resetAll(path, good string, now time.Time) error {
	r := factory.Request{Who: "console", Asked: now, Credentials: configDir, Logs: []string{config.Default().Log.Path}}
	c, err := config.Load(path)
	if err != nil {
		c, err = config.Load(good)
	}
	if err == nil {
		r.Ports = c.Bridge.Ports
		if c.Log.Path != r.Logs[0] {
			r.Logs = append(r.Logs, c.Log.Path)
		}
	}
	return factory.Ask(path, r)
}

// finishReset does a factory reset that was asked for, while no supervisor runs: at a
// start and between two of them. It says whether one was done; then the settings are to
// be chosen anew.
func (b *Box) finishReset(ctx context.Context) (done bool) {
	r, err := factory.Asked(settingsPath)
	if r != nil {
		b.mu.Lock()
		b.text = nil // what runs is never good enough to be kept
		b.mu.Unlock()
		r, err = factory.Finish(ctx, factory.Place{
			Settings: settingsPath, LogUser: b.LogUser, More: []string{goodPath, clockPath, filepath.Join(dataDir, lastLog)},
		})
	}
	b.alarm("factory reset", err)
	if r == nil || err != nil {
		return false
	}
	ports := portsThere(r.Ports, "/sys/class/net")
	b.mu.Lock()
	b.defaults = ports
	b.mu.Unlock()
	b.journal.forget()
	b.log.Warn("factory reset is done", "who", r.Who)
	return true
}

// portsThere are the ports of the wire before a reset, which stays what it is while they
// are there; else none.
func portsThere(ports []string, class string) [2]string {
	if len(ports) != 2 {
		return [2]string{}
	}
	for _, name := range ports {
		if readText(filepath.Join(class, name, "type")) != "1" { // ARPHRD_ETHER
			return [2]string{}
		}
	}
	return [2]string(ports)
}

// beforeSupervise is what is due before a supervisor starts.
func (b *Box) beforeSupervise(ctx context.Context) {
	if b.finishReset(ctx) {
		b.alarm("config", b.chooseAgain(ctx))
	}
	b.chooseChanged(ctx)
	b.alarm("ports", adoptPorts(ctx, b))
}
