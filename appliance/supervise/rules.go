package supervise

import (
	"context"
	"time"

	"limpid/appliance/config"
)

// rulesTick is how often the rules' routes are looked at when nothing happens.
const rulesTick = 30 * time.Second

// keepRules installs the rules once the bridge is whole, and again whenever
// bridge or configuration have changed: a port that was away has lost its
// entries. While it does not succeed, new connections are bridged.
func (s *Supervisor) keepRules(ctx context.Context) {
	var backoff Backoff
	for ctx.Err() == nil {
		pause := rulesTick
		if err := s.applyRules(ctx); err != nil {
			pause = max(backoff.After(0), firstDelay)
		} else {
			backoff = Backoff{}
		}
		wait(ctx, pause, s.reapply)
	}
}

// applyRules tries once. A bridge that is not whole is no error: its change
// will wake keepRules.
func (s *Supervisor) applyRules(ctx context.Context) error {
	s.mu.Lock()
	state, c := s.state, s.config
	s.mu.Unlock()
	if state.Broken != "" || state.MAC == ([6]byte{}) {
		return nil
	}
	err := s.capture.Apply(ctx, c, state.MAC, s.most(c))
	if ctx.Err() != nil {
		return nil //nolint:nilerr // stopping
	}
	s.report("rules", err)
	s.core.change(func(in *Inputs) {
		in.Ready, in.Rules = in.Ready || err == nil, ""
		if err != nil {
			in.Rules = err.Error()
		}
	})
	return err
}

// most is how many flows may be carried at once.
func (s *Supervisor) most(c *config.Config) int { return min(s.flows, c.Intercept.MaxConnections) }
