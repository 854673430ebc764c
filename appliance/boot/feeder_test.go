package boot

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// fakeWatchdog counts.
type fakeWatchdog struct {
	fed     int
	last    time.Time
	closed  bool
	timeout time.Duration
	err     error
}

func (w *fakeWatchdog) Feed() error            { w.fed, w.last = w.fed+1, time.Now(); return w.err }
func (w *fakeWatchdog) Timeout() time.Duration { return w.timeout }
func (w *fakeWatchdog) Close() error           { w.closed = true; return nil }

// The watchdog is fed while somebody vouches for the box, and starves when nobody does.
func TestFeeder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pass := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait() // the feeder's own timer may be due at the same moment
		}
		f := newFeeder(newLog(newJournal()))
		w := &fakeWatchdog{timeout: 30 * time.Second}
		ctx, stop := context.WithCancel(t.Context())
		go f.run(ctx)
		f.limit(10 * time.Second)
		f.use(w)
		pass(5 * time.Second)
		if w.fed < 5 {
			t.Errorf("fed %d times in 5 s", w.fed)
		}
		f.allow(time.Second) // takes nothing back
		pass(60 * time.Second)
		if since := time.Since(w.last); since < 54*time.Second || since > 56*time.Second {
			t.Errorf("last fed %v ago", since)
		}
		f.allow(3 * time.Second)
		pass(2 * time.Second)
		if since := time.Since(w.last); since > time.Second {
			t.Errorf("not fed for %v", since)
		}
		f.limit(0) // takes back
		fed := w.fed
		pass(5 * time.Second)
		if w.fed != fed {
			t.Error("fed when it must not be")
		}
		if err := f.release(); err != nil || !w.closed || f.has() {
			t.Error("not released")
		}
		stop()
		synctest.Wait()
	})
}

// A watchdog of a second is fed three times in it; one that cannot be fed is no reason to stop.
func TestFeederOfAShortWatchdog(t *testing.T) {
	f := newFeeder(newLog(newJournal()))
	w := &fakeWatchdog{timeout: time.Second, err: errors.New("no")}
	f.use(w)
	if pause := f.feed(time.Now()); pause > 334*time.Millisecond || w.fed != 1 {
		t.Errorf("pause %v, fed %d times", pause, w.fed)
	}
}
