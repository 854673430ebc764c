package supervise

import (
	"context"
	"time"
)

// report keeps a problem for status and logs it when it is new; nil mends it.
func (s *Supervisor) report(what string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := ""
	if err != nil {
		text = err.Error()
	}
	if s.problems[what] == text {
		return
	}
	if text == "" {
		delete(s.problems, what)
		s.Log.Info("mended", "what", what)
		return
	}
	s.problems[what] = text
	s.Log.Error("problem", "what", what, "error", err)
}

// persist calls f until ctx ends, again after a wait when it fails.
func (s *Supervisor) persist(ctx context.Context, what string, f func() error) {
	var backoff Backoff
	for ctx.Err() == nil {
		begun := time.Now()
		err := f()
		if ctx.Err() != nil {
			return
		}
		s.report(what, err)
		wait(ctx, max(backoff.After(time.Since(begun)), firstDelay), nil)
	}
}

// wake tells whoever waits on c, or will; once is enough.
func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// wait returns when d is over, ctx has ended or woken receives.
func wait(ctx context.Context, d time.Duration, woken <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-woken:
	}
}
