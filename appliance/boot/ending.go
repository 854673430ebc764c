package boot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/control"
	"limpid/appliance/durable"
)

// Kind is how the box ends.
type Kind int

// Kinds.
const (
	Reboot Kind = iota
	PowerOff
	Halt
)

// String is for the log.
func (k Kind) String() string {
	switch k {
	case PowerOff:
		return "power off"
	case Halt:
		return "halt"
	default:
		return "reboot"
	}
}

// Ending is how and why the box ends.
type Ending struct {
	Kind  Kind
	Why   string
	Fatal bool // process 1 cannot go on: nobody is waited for
}

// request asks for an end. The first one counts.
func (b *Box) request(e Ending) {
	select {
	case b.end <- e:
	default:
	}
}

// fatal ends the box for an error that process 1 cannot go on from.
func (b *Box) fatal(err error) {
	b.log.Error("fatal", "error", err)
	b.request(Ending{Kind: Reboot, Why: err.Error(), Fatal: true})
}

// endStep is one step of ending. None can keep the box: each has a bound.
type endStep struct {
	name  string
	limit time.Duration
	run   func(*Box, Ending) error
}

// endSteps is how everything ends, in order. With the supervisor go the rules (the
// kernel removes them with their owner), so the bridge is a plain wire from the
// first step on until the kernel itself stops.
func endSteps() []endStep {
	return []endStep{
		{"bypass", 8 * time.Second, endSupervise},
		{"processes", 4 * time.Second, endProcesses},
		{"clock", 2 * time.Second, saveClock},
		{"log", 3 * time.Second, saveLog},
		{"sync", 20 * time.Second, func(*Box, Ending) error { unix.Sync(); return nil }},
		{"unmount", 5 * time.Second, unmountAll},
	}
}

// finish ends the box. It does not return.
func (b *Box) finish(e Ending) {
	defer leave(e.Kind) // also after a panic here
	total := 10 * time.Second
	for _, s := range endSteps() {
		total += s.limit
	}
	b.feeder.limit(total) // an end that hangs is ended by the hardware
	b.showEnding(e)
	b.state.change(func(s *control.Box) { s.Phase = "ending: " + e.Kind.String() })
	for _, s := range endSteps() {
		if err := b.endStep(s, e); err != nil {
			b.log.Error("ending", "step", s.name, "error", err)
		}
	}
	b.log.Info("end", "how", e.Kind.String())
	time.Sleep(100 * time.Millisecond) // for the last lines to get onto a serial line
}

// showEnding takes the consoles back for the last lines.
func (b *Box) showEnding(e Ending) {
	b.endConsoles()
	b.showLog(false)
	b.log.Warn("ending", "how", e.Kind.String(), "why", e.Why)
}

// endStep runs a step within its limit. What panics or hangs is left behind.
func (b *Box) endStep(s endStep, e Ending) error {
	ended := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				ended <- fmt.Errorf("panic: %v", r)
			}
		}()
		ended <- s.run(b, e)
	}()
	select {
	case err := <-ended:
		return err
	case <-time.After(s.limit):
		return errLate
	}
}

// leave gives the machine back.
func leave(kind Kind) {
	command := unix.LINUX_REBOOT_CMD_RESTART
	switch kind {
	case PowerOff:
		command = unix.LINUX_REBOOT_CMD_POWER_OFF
	case Halt:
		command = unix.LINUX_REBOOT_CMD_HALT
	case Reboot:
	}
	_ = unix.Reboot(command)
	// A machine that cannot be switched off is one that can be restarted.
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
	for {
		time.Sleep(time.Hour) // the hardware watchdog is what is left
	}
}

// endSupervise ends the supervisor, and with it capture: in order, so that flows
// may finish, or at once.
func endSupervise(b *Box, e Ending) error {
	b.mu.Lock()
	k := b.supervise
	b.mu.Unlock()
	if k == nil {
		return nil
	}
	if e.Fatal {
		k.end(0)
		return nil
	}
	k.end(6 * time.Second)
	return nil
}

// endProcesses ends the rest.
func endProcesses(b *Box, e Ending) error {
	b.stop()
	if !e.Fatal {
		if err := unix.Kill(-1, unix.SIGTERM); err == nil {
			time.Sleep(time.Second)
		}
	}
	if err := unix.Kill(-1, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("end processes: %w", err)
	}
	return nil
}

// lastLog is the log of the last run, beside the access log.
const lastLog = "log/box.log"

// saveLog writes what the box has said to the data partition, for the next run.
func saveLog(b *Box, _ Ending) error {
	b.mu.Lock()
	onDisk := b.onDisk
	b.mu.Unlock()
	if !onDisk {
		return nil
	}
	path := filepath.Join(dataDir, lastLog)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("save log: %w", err)
	}
	return durable.Replace(path, b.journal.content(), 0o640)
}

// unmountAll leaves file systems clean.
func unmountAll(*Box, Ending) error {
	var errs []error
	for _, at := range []string{dataDir, espDir} {
		// Where it does not let go, reading only is as good.
		if unix.Unmount(at, 0) == nil {
			continue
		}
		if err := unix.Mount("", at, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil && !errors.Is(err, unix.EINVAL) {
			errs = append(errs, fmt.Errorf("unmount %s: %w", at, err))
		}
	}
	return errors.Join(errs...)
}

// showLog shows the log on the consoles, from now on or all of it.
func (b *Box) showLog(all bool) {
	for _, path := range consoles() {
		t, err := openTerminal(path)
		if err != nil {
			continue
		}
		b.journal.show(t, all)
	}
}
