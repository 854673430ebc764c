package supervise

import (
	"slices"
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct{ lives, waits []time.Duration }{
		"first at once, then doubled": {
			lives: []time.Duration{0, 0, ms, 29 * time.Second, 0, 0, 0, 0, 0},
			waits: []time.Duration{0, 250 * ms, 500 * ms, 1000 * ms, 2000 * ms, 4000 * ms, 8000 * ms, 10000 * ms, 10000 * ms},
		},
		"a long life forgives": {
			lives: []time.Duration{0, 0, 30 * time.Second, 0, time.Hour},
			waits: []time.Duration{0, 250 * ms, 0, 250 * ms, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b Backoff
			var got []time.Duration
			for _, life := range c.lives {
				got = append(got, b.After(life))
			}
			if !slices.Equal(got, c.waits) {
				t.Errorf("waits %v, want %v", got, c.waits)
			}
		})
	}
}
