package boot

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/watchdog"
)

// candidate is a watchdog device of the kernel's.
type candidate struct{ name, identity string }

// ranks are the identities of watchdogs (watchdog_info.identity in the drivers of
// Linux 6.12), the best first: what the board's firmware describes (wdat), then the
// chipset's own. An i6300ESB beside another chipset's was given to a virtual machine
// to be used; the emulated chipset's counts, and QEMU by default resets nothing at
// its end. One that is not named comes behind them, software last: it stands still
// with the kernel.
func ranks() []string {
	return []string{"wdat_wdt", "i6300ESB timer", "iTCO_wdt", "SP5100 TCO timer"}
}

const softwareWatchdog = "Software Watchdog"

// pickWatchdog chooses the device to use; "" when there is none.
func pickWatchdog(all []candidate) candidate {
	rank := func(c candidate) int {
		if c.identity == softwareWatchdog {
			return len(ranks()) + 1
		}
		if i := slices.Index(ranks(), c.identity); i >= 0 {
			return i
		}
		return len(ranks())
	}
	if len(all) == 0 {
		return candidate{}
	}
	return slices.MinFunc(all, func(a, b candidate) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a.name, b.name)
	})
}

// watchdogs lists the devices in a folder such as /sys/class/watchdog.
func watchdogs(class string) []candidate {
	entries, err := os.ReadDir(class)
	if err != nil {
		return nil
	}
	var all []candidate
	for _, e := range entries {
		identity, err := os.ReadFile(filepath.Join(class, e.Name(), "identity"))
		if err == nil { // a kernel without CONFIG_WATCHDOG_SYSFS tells no identities, and gets none chosen
			all = append(all, candidate{e.Name(), strings.TrimSpace(string(identity))})
		}
	}
	return all
}

// openWatchdog starts the best watchdog there is. None is no error.
func openWatchdog(_ context.Context, b *Box) error {
	if b.feeder.has() {
		return nil
	}
	chosen := pickWatchdog(watchdogs("/sys/class/watchdog"))
	if chosen.name == "" {
		return nil
	}
	return b.startWatchdog(filepath.Join("/dev", chosen.name), chosen.identity)
}

func (b *Box) startWatchdog(path, identity string) error {
	device, err := watchdog.OpenHardware(path, usualTimeout)
	if err != nil {
		return fmt.Errorf("start %s: %w", identity, err)
	}
	b.feeder.use(device)
	b.state.change(func(s *control.Box) { s.Watchdog = identity })
	b.log.Info("hardware watchdog", "identity", identity, "timeout", device.Timeout())
	return nil
}

// obeyWatchdog does what the settings say: "" is none, /dev/watchdog the one that is
// chosen by identity, anything else that device.
func (b *Box) obeyWatchdog(path string) error {
	switch path {
	case config.Default().Watchdog.Hardware:
		return openWatchdog(context.Background(), b)
	case b.told().Watchdog:
		return nil
	}
	b.state.change(func(s *control.Box) { s.Watchdog = "" })
	if err := b.feeder.release(); err != nil || path == "" {
		return err
	}
	return b.startWatchdog(path, path)
}
