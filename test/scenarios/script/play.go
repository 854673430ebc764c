package script

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Ends are the two connections that a scenario is played over, and how.
type Ends struct {
	Client, Server *net.TCPConn
	// Cut is how both cut what they send.
	Cut Cut
	// Patience is how long one step waits for what must come.
	Patience time.Duration
	// Verdict asks limpid what it takes the flow for: verdict and reason as in
	// the control API. It is nil on a plain wire, where steps that ask for it
	// do nothing.
	Verdict func(context.Context) (verdict, reason string, err error)
}

// play is a scenario being played.
type play struct {
	scenario       *Scenario
	ends           Ends
	client, server *end
	failed         atomic.Bool
	senders        sync.WaitGroup

	mu       sync.Mutex
	barriers map[string]chan struct{}
}

// Play plays the scenario. It closes both connections. The error is that of the
// end that failed first, and says where the other one stood.
func (s *Scenario) Play(ctx context.Context, ends Ends) error {
	p := &play{scenario: s, ends: ends, barriers: map[string]chan struct{}{}}
	p.client = &end{name: "client", conn: ends.Client, play: p, cut: ends.Cut, patience: ends.Patience}
	p.server = &end{name: "server", conn: ends.Server, play: p, cut: ends.Cut, patience: ends.Patience}
	if err := p.prepare(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, p.giveUp)
	var both sync.WaitGroup
	run := func(e, other *end, steps []step) {
		if err := e.run(ctx, steps); err != nil {
			cancel(fmt.Errorf("%w; the %s was at line %d", err, other.name, other.at.Load()))
		}
	}
	both.Go(func() { run(p.client, p.server, s.client) })
	both.Go(func() { run(p.server, p.client, s.server) })
	both.Wait()
	failure := context.Cause(ctx)
	stop()
	_ = ends.Client.Close()
	_ = ends.Server.Close()
	p.senders.Wait()
	return failure
}

// prepare sets what the scenario wants of the sockets.
func (p *play) prepare() error {
	for _, e := range []*end{p.client, p.server} {
		e.at.Store(1)
		if err := e.conn.SetNoDelay(true); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		if size := p.scenario.Buffers; size > 0 {
			if err := errors.Join(e.conn.SetReadBuffer(size), e.conn.SetWriteBuffer(size)); err != nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
		}
	}
	return nil
}

// giveUp lets whatever still waits fail.
func (p *play) giveUp() {
	p.failed.Store(true)
	for _, e := range []*end{p.client, p.server} {
		_ = e.conn.SetDeadline(time.Unix(1, 0))
	}
}

func (p *play) error(line int, end, what string, err error) error {
	return fmt.Errorf("%s:%d: %s: %s: %w", p.scenario.file, line, end, what, err)
}

// meet waits until the other end has come to the same barrier.
func (p *play) meet(ctx context.Context, name string, patience time.Duration) error {
	p.mu.Lock()
	met, first := p.barriers[name], false
	if met == nil {
		met, first = make(chan struct{}), true
		p.barriers[name] = met
	} else {
		delete(p.barriers, name)
		close(met)
	}
	p.mu.Unlock()
	if !first {
		return nil
	}
	select {
	case <-met:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(patience):
		return errors.New("the other end did not come")
	}
}

// verdict waits until limpid takes the flow for what is wanted. That it is HTTP
// must be so at once: every flow begins so.
func (p *play) verdict(ctx context.Context, want string, patience time.Duration) error {
	if p.ends.Verdict == nil {
		return nil
	}
	// Half of it, so that this is what fails, and not what waits for it.
	for deadline := time.Now().Add(patience / 2); ; {
		got, reason, err := p.ends.Verdict(ctx)
		if err != nil {
			return err
		}
		if reason != "" {
			got += " " + reason
		}
		if got == want {
			return nil
		}
		if want == "http" || time.Now().After(deadline) {
			return fmt.Errorf("the flow is %q, want %q", got, want)
		}
		if err := wait(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}

// wait does nothing for a while.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
