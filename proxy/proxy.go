package proxy

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"limpid/proxy/accesslog"
)

// Proxy relays the flows it takes from the hand-over queue.
type Proxy struct {
	settings Settings
	sockets  Sockets
	log      *slog.Logger
	access   *accesslog.Log

	most   int64         // flows that the descriptor limit allows
	active atomic.Int64  // flows of all loops
	ids    atomic.Uint64 // of flows the proxy accepted itself

	mu      sync.Mutex
	servers []*server // while Run runs

	logged accesslog.Counts // what the board has of it; the first loop's
}

// New checks the settings. Run does the rest.
func New(settings Settings, sockets Sockets, log *slog.Logger) (*Proxy, error) {
	settings, err := settings.check()
	if err != nil {
		return nil, err
	}
	most, err := mostFlows(settings.Loops)
	if err != nil {
		return nil, err
	}
	access, err := accesslog.New(settings.Log, log)
	if err != nil {
		return nil, err
	}
	p := &Proxy{settings: settings, sockets: sockets, log: log, access: access, most: most}
	// The gate numbers its flows from its own start in the same way: neither
	// ever takes as many as nanoseconds pass.
	p.ids.Store(uint64(time.Now().UnixNano()))
	return p, nil
}

// Run takes and relays flows until ctx ends. Then it takes no more, lets those
// under way go on to their end for Settings.Grace, resets what is left and
// returns nil, with every record of the access log written. The sockets it was
// given stay open.
func (p *Proxy) Run(ctx context.Context) error {
	servers, err := p.open()
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(context.Background())
	defer stop()
	// The log outlives the loops, whose last records it takes.
	logging, stopLog := context.WithCancel(context.Background())
	defer stopLog()
	var access sync.WaitGroup
	access.Go(func() { p.access.Run(logging) })
	results := make(chan error, len(servers))
	for _, s := range servers {
		go func() { results <- s.loop.Run(serving) }()
	}
	p.log.Info("proxy runs", "loops", len(servers), "most_flows", p.most)

	running := len(servers)
	var failed error
	select {
	case <-ctx.Done():
		p.drain(servers)
	case failed = <-results:
		running--
	}
	stop()
	for range running {
		failed = errors.Join(failed, <-results)
	}
	p.publish(nil)
	for _, s := range servers {
		failed = errors.Join(failed, s.close())
	}
	stopLog()
	access.Wait()
	p.countLog()
	return failed
}

// open makes the loops. When one cannot be made none is left.
func (p *Proxy) open() ([]*server, error) {
	var servers []*server
	for number := range p.settings.Loops {
		s, err := newServer(p, number)
		if err != nil {
			for _, s := range servers {
				_ = s.close()
			}
			return nil, err
		}
		servers = append(servers, s)
	}
	p.publish(servers)
	return servers, nil
}

func (p *Proxy) publish(servers []*server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.servers = servers
}

// drain waits for the flows to end, for Settings.Grace at most.
func (p *Proxy) drain(servers []*server) {
	for _, s := range servers {
		s.loop.Post(s.drain)
	}
	// The posted drains may not have run yet: a loop counts as drained only
	// when it says so.
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(p.settings.Grace); time.Now().Before(deadline); <-tick.C {
		done := true
		for _, s := range servers {
			done = done && s.draining.Load()
		}
		if done && p.active.Load() == 0 {
			return
		}
	}
	p.log.Info("grace is over", "flows", p.active.Load())
}
