package clock

import (
	"testing"
	"time"
)

func TestChoose(t *testing.T) {
	built := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	saved, now, old := built.AddDate(0, 2, 0), built.AddDate(0, 3, 0), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		known  Known
		want   time.Time
		source string
	}{
		"the kernel knows":               {Known{now, now.Add(1), saved, built}, now, FromSystem},
		"only the chip knows":            {Known{old, now, saved, built}, now, FromRTC},
		"empty battery":                  {Known{old, old, saved, built}, saved, FromSaved},
		"empty battery, first start":     {Known{old, old, time.Time{}, built}, built, FromBuilt},
		"a chip that loses minutes":      {Known{old, saved.Add(-time.Minute), saved, built}, saved.Add(-time.Minute), FromRTC},
		"a chip that is a month behind":  {Known{old, saved.AddDate(0, -1, 0), saved, built}, saved, FromSaved},
		"a chip in 2099":                 {Known{old, built.AddDate(73, 0, 0), saved, built}, saved, FromSaved},
		"saved in 2099, chip right":      {Known{old, now, built.AddDate(73, 0, 0), built}, now, FromRTC},
		"saved by an older firmware":     {Known{old, old, built.AddDate(-1, 0, 0), built}, built, FromBuilt},
		"nothing known at all":           {Known{old, time.Time{}, time.Time{}, time.Time{}}, old, FromSystem},
		"no chip, and the system is new": {Known{now, time.Time{}, time.Time{}, built}, now, FromSystem},
	} {
		t.Run(name, func(t *testing.T) {
			if got, source := Choose(c.known); !got.Equal(c.want) || source != c.source {
				t.Errorf("%v from %s, want %v from %s", got, source, c.want, c.source)
			}
		})
	}
}
