package proxy

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"limpid/proxy/accesslog"
	"limpid/proxy/eventloop"
	"limpid/proxy/handover"
	"limpid/proxy/intake"
	"limpid/proxy/relay"
	"limpid/proxy/scoreboard"
)

const (
	// beatTick is how often each loop shows that it is alive, carries its counts
	// to the board, and looks whether it may take flows again.
	beatTick = 50 * time.Millisecond
	// takeBatch is how many flows a loop takes at a time, so that others get
	// their share of a burst.
	takeBatch = 8
	// complaintEvery bounds how often the log hears of the same trouble.
	complaintEvery = time.Second
)

// server is one event loop with its worker. Its methods run on the loop's
// goroutine.
type server struct {
	proxy    *Proxy
	number   int
	loop     *eventloop.Loop
	worker   *relay.Worker
	recorder *accesslog.Recorder

	flow       handover.Flow // the one being taken
	intake     *intake.Intake
	taking     bool // queue and listeners are watched
	lost       bool // the queue has no sender any more
	complained time.Time
	draining   atomic.Bool
}

func newServer(p *Proxy, number int) (*server, error) {
	loop, err := eventloop.New()
	if err != nil {
		return nil, fmt.Errorf("start event loop %d: %w", number, err)
	}
	s := &server{proxy: p, number: number, loop: loop, recorder: p.access.Recorder()}
	err = s.equip()
	if err != nil {
		_ = loop.Close()
		return nil, fmt.Errorf("start event loop %d: %w", number, err)
	}
	return s, nil
}

func (s *server) equip() (err error) {
	s.worker, err = relay.NewWorker(s.loop, s.proxy.settings.relay(), &s.proxy.active, s.proxy.sockets.Board, s.recorder, s.proxy.log)
	if err != nil {
		return err
	}
	if direct := s.proxy.settings.Direct; direct != nil {
		s.intake = intake.New(*direct, s.proxy.sockets.Intake, &s.proxy.ids)
	}
	if err := s.loop.Every(beatTick, s.beat); err != nil {
		return err
	}
	return s.watch()
}

// watch waits for flows, from the queue and on the listeners. EPOLLEXCLUSIVE
// wakes one loop for a flow, not all.
func (s *server) watch() error {
	s.taking = true
	err := s.loop.Add(s.proxy.sockets.Receiver.FD(), unix.EPOLLIN|unix.EPOLLEXCLUSIVE, s)
	for _, fd := range s.listeners() {
		err = errors.Join(err, s.loop.Add(fd, unix.EPOLLIN|unix.EPOLLEXCLUSIVE, &listener{s, fd}))
	}
	if err != nil {
		s.unwatch()
	}
	return err
}

func (s *server) unwatch() {
	if !s.taking {
		return
	}
	s.taking = false
	s.loop.Remove(s.proxy.sockets.Receiver.FD())
	for _, fd := range s.listeners() {
		s.loop.Remove(fd)
	}
}

// full stops taking flows when no more are possible, and says so. They stay
// where the gate finds them.
func (s *server) full() bool {
	if s.proxy.active.Load() < s.proxy.most {
		return false
	}
	s.unwatch()
	s.complain("flows are left to the gate", errAtLimit)
	return true
}

// Ready takes flows that wait in the queue.
func (s *server) Ready(uint32) {
	for range takeBatch {
		if s.full() {
			return
		}
		switch err := s.proxy.sockets.Receiver.Receive(&s.flow); {
		case err == nil:
			s.worker.Take(&s.flow)
		case errors.Is(err, handover.ErrEmpty):
			return
		case errors.Is(err, unix.EPIPE):
			s.lost = true
			s.unwatch()
			s.proxy.log.Error("no flow will come any more", "loop", s.number, "err", err)
			return
		default:
			s.complain("flow lost", err)
			return
		}
	}
}

var errAtLimit = errors.New("descriptor limit is reached: raise LimitNOFILE, or lower max_connections")

func (s *server) complain(what string, err error) {
	if now := s.loop.Now(); now.Sub(s.complained) >= complaintEvery {
		s.complained = now
		s.proxy.log.Error(what, "loop", s.number, "flows", s.proxy.active.Load(), "err", err) //nolint:sloglint // a literal at each caller
	}
}

// beat shows that the loop is alive.
func (s *server) beat() {
	s.worker.Flush()
	s.proxy.sockets.Board.Beat(s.number)
	if s.number == 0 {
		s.proxy.countLog()
		s.proxy.sockets.Board.Set(scoreboard.Goroutines, uint64(runtime.NumGoroutine()))
	}
	if !s.taking && !s.lost && !s.draining.Load() && s.proxy.active.Load() < s.proxy.most-s.proxy.most/16 {
		if s.intake != nil && errors.Is(s.intake.Retry(), intake.ErrWait) {
			return
		}
		if err := s.watch(); err != nil {
			s.complain("queue is not watched", err)
		}
	}
}

// drain takes no more flows and ends those on which nothing is under way.
func (s *server) drain() {
	s.unwatch()
	s.worker.Drain()
	s.draining.Store(true)
}

// close resets the flows that are left. The loop must not run any longer.
func (s *server) close() error {
	s.unwatch()
	s.worker.Close()
	if s.intake != nil {
		s.intake.Close()
	}
	return s.loop.Close()
}
