package boot

import (
	"testing"
	"time"
)

func TestQuickDeaths(t *testing.T) {
	var d deaths
	for i, step := range []struct {
		life  time.Duration
		unfit bool
	}{
		{0, false}, {time.Second, false}, {quickDeath, false}, // a long one ends the row
		{time.Second, false}, {time.Second, false}, {quickDeath - 1, true},
		{0, false}, {0, false}, {0, false}, // said once
	} {
		if got := d.add(step.life); got != step.unfit {
			t.Errorf("death %d: %v", i, got)
		}
	}
}
