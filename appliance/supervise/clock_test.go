package supervise

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"limpid/appliance/clock"
	"limpid/appliance/control"
)

// settable is a supervisor that a clock can be set of, in name.
func settable(t *testing.T) (backend, *[]time.Time) {
	t.Helper()
	var set []time.Time
	s := &Supervisor{Options: Options{RunDir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}}
	s.SetTime, s.Built = func(at time.Time) error { set = append(set, at); return nil }, time.Now().Add(-time.Hour)
	return backend{s}, &set
}

func TestClockIsSetByAPerson(t *testing.T) {
	b, set := settable(t)
	at := time.Now().Add(24 * time.Hour)
	tell := func(source string, servers ...string) {
		t.Helper()
		if err := errors.Join(control.WriteBox(b.RunDir, control.Box{Clock: source}), control.WriteNetwork(b.RunDir, control.Network{NTP: servers})); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(name string, at time.Time, why string) {
		t.Helper()
		_, err := b.SetClock(t.Context(), at)
		if err == nil || !strings.Contains(err.Error(), why) || len(*set) > 0 {
			t.Errorf("%s: %v, set to %v", name, err, *set)
		}
		if c, err := control.ReadClock(b.RunDir); err != nil || !c.Time.IsZero() {
			t.Errorf("%s: process 1 is told %v, %v", name, c, err)
		}
	}
	refused("a guest", at, "its host keeps the time")
	tell(clock.FromNetwork, "192.0.2.123")
	refused("time servers", at, "management.ntp")
	tell(clock.FromBuilt, "192.0.2.123") // they do not answer
	refused("before the firmware", b.Built.Add(-time.Minute), "before this firmware was built")
	refused("decades ahead", at.AddDate(30, 0, 0), "more than 20 years")
	if _, err := b.SetClock(t.Context(), at); err != nil || len(*set) != 1 || !(*set)[0].Equal(at) {
		t.Errorf("%v, set to %v", err, *set)
	}
	if c, err := control.ReadClock(b.RunDir); err != nil || !c.Time.Equal(at) {
		t.Errorf("process 1 is told %v, %v", c, err)
	}
	tell(clock.FromNetwork) // they were taken out of the settings
	if _, err := b.SetClock(t.Context(), at); err != nil || len(*set) != 2 {
		t.Errorf("without time servers: %v", err)
	}
	broken := errors.New("operation not permitted")
	b.SetTime = func(time.Time) error { return broken }
	if _, err := b.SetClock(t.Context(), at); !errors.Is(err, broken) {
		t.Errorf("the kernel refuses: %v", err)
	}
}

// A moment is told so that its age by the clock of now is how long it was.
func TestByNow(t *testing.T) {
	begun := time.Now()
	for _, c := range []struct{ wall, steady, want time.Duration }{
		{time.Minute, time.Minute, 0},
		{time.Minute + 400*time.Millisecond, time.Minute, 0}, // slewed, as time servers have it done
		{time.Hour, time.Minute, 59 * time.Minute},
		{-8760 * time.Hour, time.Minute, -8760*time.Hour - time.Minute},
		{-10 * time.Minute, -10 * time.Minute, 0}, // a moment to come
		{50 * time.Minute, -10 * time.Minute, time.Hour},
	} {
		if got := restated(begun, c.wall, c.steady).Sub(begun.Round(0)); got != c.want {
			t.Errorf("%v ago on the wall, %v in truth: moved by %v, want %v", c.wall, c.steady, got, c.want)
		}
	}
	if got := byNow(time.Time{}, begun); !got.IsZero() {
		t.Errorf("no moment is %v", got)
	}
	if got := byNow(begun, begun.Add(time.Minute)); !got.Equal(begun.Round(0)) {
		t.Errorf("nobody has set the clock, and %v is %v", begun, got)
	}
}

// Another zone is told at once: it is no matter of the address, which would be tried first,
// and ends no connection.
func TestZoneIsToldAtOnce(t *testing.T) {
	b := newBox(t)
	b.runOn(t)
	before := b.await(t, "the default", func(s control.Status) bool { return s.Timezone == "UTC" })
	applied, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: b.set(t, map[string]string{"management.timezone": `"Asia/Tokyo"`})})
	if err != nil || applied.Trial != nil || applied.Restart || applied.Version == 0 {
		t.Errorf("%+v, %v", applied, err)
	}
	after := b.await(t, "the zone", func(s control.Status) bool { return s.Timezone == "Asia/Tokyo" })
	if after.Gate.PID != before.Gate.PID || after.Proxy.PID != before.Proxy.PID {
		t.Error("something has started anew")
	}
	if err := b.client.SetStarted(t.Context(), true); err != nil {
		t.Error(err)
	}
	b.await(t, "the first steps to be put aside, and frames counted", func(s control.Status) bool {
		return s.Web.Started && s.Frames.LAN.Received == 7 && s.Frames.WAN.Sent == 8
	})
}
