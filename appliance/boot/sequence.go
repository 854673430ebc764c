package boot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"limpid/appliance/control"
)

// errLate is a phase that was left behind.
var errLate = errors.New("it takes too long and was left behind")

// lateGrace is how long a phase has to return after its context has ended.
const lateGrace = 2 * time.Second

// sequence runs phases one after the other. What fails becomes an alarm.
func (b *Box) sequence(ctx context.Context, phases []Phase) {
	for _, p := range phases {
		if ctx.Err() != nil {
			return
		}
		b.feeder.allow(p.Limit + 2*lateGrace)
		b.state.change(func(s *control.Box) { s.Phase = p.Name })
		begun := uptime()
		err := runPhase(ctx, p, b)
		done := control.Phase{Name: p.Name, Begun: begun.Seconds(), Took: (uptime() - begun).Seconds()}
		if err != nil {
			done.Problem = err.Error()
			b.alarm(p.Name, err)
		}
		b.log.Info("phase", "name", p.Name, "took", (uptime() - begun).Round(time.Millisecond))
		b.state.change(func(s *control.Box) { s.Phases = append(s.Phases, done) })
	}
	b.state.change(func(s *control.Box) { s.Phase = "" })
}

// runPhase runs one phase within its limit.
func runPhase(ctx context.Context, p Phase, b *Box) error {
	limited, cancel := context.WithTimeout(ctx, p.Limit)
	defer cancel()
	ended := make(chan error, 1)
	b.spawn("phase "+p.Name, func() { ended <- p.Run(limited, b) })
	select {
	case err := <-ended:
		return err
	case <-limited.Done():
	}
	// Most notice at once; what hangs in the kernel does not.
	select {
	case err := <-ended:
		return err
	case <-time.After(lateGrace):
		return fmt.Errorf("wait for phase %s: %w", p.Name, errLate)
	}
}
