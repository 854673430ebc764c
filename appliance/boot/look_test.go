package boot

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// The hardware watchdog is fed for a box that is a wire, and whose supervisor lives or is
// seen to.
func TestVouch(t *testing.T) {
	for _, c := range []struct {
		what string
		look look
		want error
	}{
		{"all is well, or the proxy alone is not", look{true, 0}, nil},
		{"the supervisor does not answer yet", look{true, askPatience}, nil},
		{"it hangs, and is about to be killed", look{true, hangPatience + watchEvery}, nil},
		{"it was killed, and waits for its next start", look{true, hangPatience + watchEvery + askPatience + lastWait}, nil},
		{"it dies over and over: the last start was a while ago", look{true, lastWait + time.Second}, nil},
		{"nobody kills it, or nobody starts it", look{true, restartLimit + time.Second}, errUnattended},
		{"no bridge", look{false, 0}, errNoWire},
		{"no bridge, and no supervisor", look{false, time.Hour}, errNoWire},
	} {
		if got := c.look.vouch(); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

// A supervisor that is started again as late as can be, and one that hangs and is killed,
// stay within the limit.
func TestRestartLimit(t *testing.T) {
	if hang := hangPatience + watchEvery + 2*askPatience + lastWait; restartLimit <= hang || restartLimit > hang+30*time.Second {
		t.Errorf("limit %v; a hang that is seen to takes %v", restartLimit, hang)
	}
}

// What a look has found reaches the hardware: it starves without a bridge, and says why.
func TestLookFeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t)
		w := &fakeWatchdog{timeout: 30 * time.Second}
		ctx, stop := context.WithCancel(t.Context())
		go b.feeder.run(ctx)
		b.feeder.limit(0)
		b.feeder.use(w)
		looks := func(l look, d time.Duration) time.Duration {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(watchEvery) {
				b.judge(l)
			}
			synctest.Wait()
			b.feeder.mu.Lock() // under which the watchdog is fed
			defer b.feeder.mu.Unlock()
			return time.Since(w.last)
		}
		if ago := looks(look{standing: true}, time.Hour); ago > time.Second || len(b.told().Alarms) != 0 {
			t.Errorf("a box that is well: fed %v ago, alarms %v", ago, b.told().Alarms)
		}
		if ago := looks(look{}, 5*time.Minute); ago < 5*time.Minute-vouchFor-watchEvery {
			t.Errorf("no wire: fed %v ago", ago)
		}
		if a := b.told().Alarms; len(a) != 1 || a[0].Text != errNoWire.Error() {
			t.Errorf("alarms %v", a)
		}
		if ago := looks(look{standing: true}, time.Minute); ago > time.Second || len(b.told().Alarms) != 0 {
			t.Errorf("a wire again: fed %v ago, alarms %v", ago, b.told().Alarms)
		}
		stop()
		synctest.Wait()
	})
}
