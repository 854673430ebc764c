package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

// clockBackend is a backend whose clock is set.
type clockBackend struct {
	backend
	at  time.Time
	err error
}

func (b *clockBackend) SetClock(_ context.Context, at time.Time) (control.Clock, error) {
	b.at = at
	return control.Clock{Time: at}, b.err
}

func TestClock(t *testing.T) {
	b := &clockBackend{}
	dir := answerOn(t, b)
	for text, want := range map[string]time.Time{
		"2026-12-24T18:00:00+01:00": time.Date(2026, 12, 24, 17, 0, 0, 0, time.UTC),
		"2026-12-24 18:00":          time.Date(2026, 12, 24, 18, 0, 0, 0, time.Local),
		"2026-12-24 18:00:07":       time.Date(2026, 12, 24, 18, 0, 7, 0, time.Local),
	} {
		code, stdout, stderr := limpid("clock", text, "--run", dir)
		if code != exitDone || !b.at.Equal(want) || stdout != "it is "+want.Local().Format(time.DateTime+" MST")+"\n" || stderr != "" {
			t.Errorf("%s: code %d, set to %v; %q %q", text, code, b.at, stdout, stderr)
		}
	}
	b.at = time.Time{}
	for _, text := range []string{"18:00", "noon", "", "2026-02-30 18:00"} {
		if code, _, stderr := limpid("clock", text, "--run", dir); code != exitUsage || !strings.Contains(stderr, "want a time like") || !b.at.IsZero() {
			t.Errorf("%q: code %d, %q", text, code, stderr)
		}
	}
	b.err = control.Refuse(errors.New("set the clock: its host keeps the time"))
	if code, _, stderr := limpid("clock", "2026-12-24 18:00", "--run", dir); code != exitFailed || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "its host keeps the time") {
		t.Errorf("refused: code %d, %q", code, stderr)
	}
}
