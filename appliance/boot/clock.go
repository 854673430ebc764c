package boot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"limpid/appliance/clock"
	"limpid/appliance/control"
	"limpid/appliance/durable"
)

// clockPath holds the time at which the box was last known to run, in seconds since 1970.
const clockPath = configDir + "/clock"

// setClock sets the time from the best there is. Nothing waits for it to be right.
func setClock(_ context.Context, b *Box) error {
	known := clock.Known{System: time.Now(), Saved: savedTime(clockPath), Built: buildTime()}
	var err error
	if known.RTC, err = clock.ReadRTC(clock.RTCPath); err != nil && !errors.Is(err, os.ErrNotExist) {
		b.log.Warn("clock", "error", err)
	}
	t, source := clock.Choose(known)
	b.state.change(func(s *control.Box) { s.Clock = source })
	b.log.Info("clock", "now", t.UTC().Format(time.DateTime), "from", source)
	if source == clock.FromSystem {
		return nil
	}
	return clock.SetSystem(t)
}

func savedTime(path string) time.Time {
	text, err := os.ReadFile(path)
	if err != nil {
		return time.Time{}
	}
	return seconds(strings.TrimSpace(string(text)))
}

func seconds(text string) time.Time {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(n, 0)
}

// buildTime is when this firmware was built.
func buildTime() time.Time { return clock.Built(clock.ReleasePath) }

// clockCorrected takes note that the network has corrected the time by so much. A
// clock that was wrong is kept right also if the power goes.
func (b *Box) clockCorrected(by time.Duration) {
	if b.told().Clock != clock.FromNetwork {
		b.state.change(func(s *control.Box) { s.Clock = clock.FromNetwork })
	}
	if clock.Steps(by) {
		b.keepClock()
	}
}

// clockSet takes note that a person has set the clock.
func (b *Box) clockSet() {
	b.state.change(func(s *control.Box) { s.Clock = clock.FromPerson })
	b.log.Info("clock", "now", time.Now().UTC().Format(time.DateTime), "from", clock.FromPerson)
	b.keepClock()
}

// keepClock keeps the time for the next start, beside: a disk may hang.
func (b *Box) keepClock() {
	b.spawn("save clock", func() {
		if err := saveClock(b, Ending{}); err != nil {
			b.log.Warn("clock", "error", err)
		}
	})
}

// saveClock keeps the time for the next start, in the clock chip and on the disk.
func saveClock(b *Box, _ Ending) error {
	now := time.Now()
	err := clock.WriteRTC(clock.RTCPath, now)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	b.mu.Lock()
	onDisk := b.onDisk
	b.mu.Unlock()
	if onDisk {
		err = errors.Join(err, durable.Replace(filepath.Clean(clockPath), []byte(strconv.FormatInt(now.Unix(), 10)+"\n"), 0o600))
	}
	return err
}
