package boot

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// hardware is the hardware watchdog.
type hardware interface {
	Feed() error
	Timeout() time.Duration
	Close() error
}

// feeder feeds the hardware watchdog for as long as somebody has vouched for the
// box: a phase of boot for its own limit, afterwards each health check that passed.
// When nobody does so any more, or process 1 itself stands still, the box is reset.
type feeder struct {
	log *slog.Logger

	mu     sync.Mutex
	device hardware
	until  time.Time
	wake   chan struct{}
}

// usualTimeout is asked of the watchdog. Longer than what any check takes, short
// enough that nobody drives out for a box that hangs.
const usualTimeout = 30 * time.Second

func newFeeder(log *slog.Logger) *feeder {
	return &feeder{log: log, until: time.Now().Add(time.Minute), wake: make(chan struct{}, 1)}
}

// allow vouches for the box for so long from now on. It never takes back what
// was allowed before.
func (f *feeder) allow(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if until := time.Now().Add(d); until.After(f.until) {
		f.until = until
	}
}

// limit vouches for the box for so long and no longer, whoever said what before.
func (f *feeder) limit(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.until = time.Now().Add(d)
}

// use takes a device, once.
func (f *feeder) use(device hardware) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.device = device
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *feeder) has() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.device != nil
}

// release stops the countdown.
func (f *feeder) release() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.device == nil {
		return nil
	}
	device := f.device
	f.device = nil
	return device.Close()
}

// run feeds until ctx ends; then nobody does.
func (f *feeder) run(ctx context.Context) {
	for {
		pause := f.feed(time.Now())
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-f.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// feed feeds if it may, and says when to do so again.
func (f *feeder) feed(now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	const usual = time.Second
	if f.device == nil || !now.Before(f.until) {
		return usual
	}
	if err := f.device.Feed(); err != nil {
		f.log.Error("hardware watchdog", "error", err)
	}
	// A third, so that one that comes late does no harm.
	if third := f.device.Timeout() / 3; third > 0 && third < usual {
		return third
	}
	return usual
}
