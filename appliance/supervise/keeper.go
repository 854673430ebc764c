package supervise

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"limpid/appliance/link"
	"limpid/appliance/metrics"
)

// patience is how long a child that was asked to end may take.
const patience = 2 * time.Second

// keeper keeps one child running.
type keeper struct {
	name     string
	log      *slog.Logger
	command  command
	settings func() any              // the first line on its link
	handlers map[string]link.Handler // what it may ask of us
	started  func()                  // called when it runs and has its settings
	ended    func(reason string)     // called when it has ended, before it is started again
	crashed  func()                  // called after that when nobody has ordered its end; nil: nobody asks

	mu       sync.Mutex
	current  *process
	talks    *process // current, once its settings are out: nothing may be said before them
	ordered  bool     // current is to end, and another one to be started at once
	restarts int
	lastExit string
	spent    time.Duration // processor time of those that have ended
	again    chan struct{} // ends a wait: settings have changed, try once more
}

// run starts the child, and again whenever it has ended, until ctx ends; then
// it stops it. A child that says that it cannot run as it is told is started
// again only by restart.
func (k *keeper) run(ctx context.Context) {
	var backoff Backoff
	for ctx.Err() == nil {
		begun := time.Now()
		reason, stuck, ordered := k.once(ctx)
		if ctx.Err() != nil {
			return
		}
		wait := time.Duration(0)
		switch {
		case ordered:
			k.log.Info("child has ended as ordered", "child", k.name)
			stuck = false
		case stuck:
			k.log.Error("not started again until the configuration changes", "child", k.name, "reason", reason)
		default:
			wait = backoff.After(time.Since(begun))
			k.log.Warn("child has ended", "child", k.name, "reason", reason, "restart_in", wait)
		}
		if !k.pause(ctx, wait, stuck) {
			return
		}
		k.mu.Lock()
		k.restarts++
		k.mu.Unlock()
	}
}

// pause waits, forever if stuck, unless restart is called. It returns false
// when ctx has ended.
func (k *keeper) pause(ctx context.Context, wait time.Duration, stuck bool) bool {
	var over <-chan time.Time
	if !stuck {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-over:
	case <-k.again:
	}
	return true
}

// once runs the child to its end.
func (k *keeper) once(ctx context.Context) (reason string, stuck, ordered bool) {
	p, err := start(k.command)
	if err != nil {
		k.record(err.Error())
		return err.Error(), false, false
	}
	// Before its settings are looked up, so that restart never misses it.
	k.mu.Lock()
	k.current = p
	k.mu.Unlock()
	var wg sync.WaitGroup
	if err := p.link.SendSettings(k.settings()); err != nil {
		p.kill(err.Error())
	} else {
		k.mu.Lock()
		k.talks = p
		k.mu.Unlock()
		wg.Go(func() {
			if err := p.link.Run(k.handlers); err != nil {
				p.kill(err.Error())
			}
		})
		k.log.Info("child started", "child", k.name, "pid", p.pid)
		k.started()
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		p.stop(patience)
	}
	wg.Wait()
	_ = p.link.Close() // nobody may have read it
	k.record(p.ended)
	ordered = k.wasOrdered()
	if !ordered && ctx.Err() == nil && k.crashed != nil {
		k.crashed()
	}
	return p.ended, p.stuck, ordered
}

func (k *keeper) record(reason string) {
	k.ended(reason) // first what disarms
	k.mu.Lock()
	if k.current != nil {
		cpu, _ := k.current.used()
		k.spent += cpu
	}
	k.current, k.talks, k.lastExit = nil, nil, reason
	k.mu.Unlock()
}

// kill ends the child, which is then started again.
func (k *keeper) kill(reason string) {
	if p := k.process(); p != nil {
		k.log.Warn("child is killed", "child", k.name, "pid", p.pid, "reason", reason)
		p.kill(reason)
	}
}

// strike hits the child as a fault would, for a drill; reason is for the record.
func (k *keeper) strike(signal syscall.Signal, reason string) error {
	p := k.process()
	if p == nil {
		return fmt.Errorf("the %s does not run: wait until it does", k.name)
	}
	if err := p.strike(signal, reason); err != nil {
		return fmt.Errorf("strike the %s: %w", k.name, err)
	}
	return nil
}

// restart has the child started with new settings. Its flows end.
func (k *keeper) restart() {
	if p := k.order(); p != nil {
		p.kill("settings have changed")
	}
}

// renew is restart that lets the child end what it has begun. It waits for that.
func (k *keeper) renew() {
	if p := k.order(); p != nil {
		p.stop(patience)
	}
}

// order notes that the child, which is returned, is to end for another one. Without one
// it is started now.
func (k *keeper) order() *process {
	k.mu.Lock()
	p := k.current
	k.ordered = p != nil
	k.mu.Unlock()
	if p == nil {
		select {
		case k.again <- struct{}{}:
		default: // about to start anyway
		}
	}
	return p
}

// wasOrdered says whether the child that has ended was to.
func (k *keeper) wasOrdered() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	was := k.ordered
	k.ordered = false
	return was
}

func (k *keeper) process() *process {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current
}

// peer is the child's link, nil when it cannot be talked to now.
func (k *keeper) peer() *link.Conn {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.talks == nil {
		return nil
	}
	return k.talks.link
}

// call asks the child, if it runs.
func (k *keeper) call(ctx context.Context, method string, params, result any) error {
	conn := k.peer()
	if conn == nil {
		return link.ErrClosed
	}
	return conn.Call(ctx, method, params, result)
}

// state is what status shows.
func (k *keeper) state() (pid, restarts int, lastExit string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current != nil {
		pid = k.current.pid
	}
	return pid, k.restarts, k.lastExit
}

// measured is what metrics show. The time spent is that of processes which are
// gone, so that with what the kernel says of the one that runs it never falls.
func (k *keeper) measured() metrics.Process {
	k.mu.Lock()
	defer k.mu.Unlock()
	m := metrics.Process{Name: k.name, Restarts: k.restarts, Spent: k.spent}
	if p := k.current; p != nil {
		if cpu, gone := p.used(); gone {
			m.Spent += cpu
		} else {
			m.PID, m.Begun = p.pid, p.begun
		}
	}
	return m
}
