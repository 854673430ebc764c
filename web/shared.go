package web

import (
	"context"
	"sync"
	"time"
)

// shared is an answer of the control API that everybody is given while it is fresh:
// however many look, the supervisor is asked once in that time.
type shared[T any] struct {
	fresh time.Duration
	clock func() time.Time
	ask   func(ctx context.Context) (T, error)

	mu   sync.Mutex
	last T
	err  error
	at   time.Time
}

// now gives what was learned lately, or learns it. It is not bound to the request that
// happens to be the first: others wait for the same answer.
func (s *shared[T]) now() (T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.clock(); s.at.IsZero() || now.Sub(s.at) >= s.fresh || now.Before(s.at) {
		ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
		defer cancel()
		s.last, s.err = s.ask(ctx)
		s.at = s.clock()
	}
	return s.last, s.err
}

// stale has the next one asked anew: something was changed.
func (s *shared[T]) stale() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = time.Time{}
}
