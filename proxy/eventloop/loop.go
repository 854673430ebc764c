package eventloop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// batch is how many ready descriptors one epoll_wait(2) may report.
const batch = 256

// Handler is told when its descriptor is ready.
type Handler interface {
	// Ready is called on the loop's goroutine with the EPOLL* bits of
	// epoll_ctl(2) that hold now, or with 0 when the call was asked for by Again.
	Ready(events uint32)
}

// slot is what the loop knows of one descriptor number.
type slot struct {
	handler    Handler
	generation int32
}

// Loop is one event loop.
type Loop struct {
	epoll  int
	slots  []slot // by descriptor
	events [batch]unix.EpollEvent

	again, turn []Handler // called in the next round, being called in this one
	post        posts
	tickers     []*Ticker

	now      time.Time
	nowKnown bool
}

// New makes a loop. Close releases it.
func New() (*Loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create epoll: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(epoll)
		return nil, fmt.Errorf("create eventfd: %w", err)
	}
	l := &Loop{epoll: epoll}
	l.post.wake = wake
	if err := l.Add(wake, unix.EPOLLIN|unix.EPOLLET, &l.post); err != nil {
		_ = unix.Close(wake)
		_ = unix.Close(epoll)
		return nil, err
	}
	return l, nil
}

// Add registers fd for events (EPOLL* bits, EPOLLET and EPOLLEXCLUSIVE
// included; EPOLLERR and EPOLLHUP are always reported). Call it on the loop's
// goroutine, or before Run.
func (l *Loop) Add(fd int, events uint32, h Handler) error {
	if fd < 0 {
		return fmt.Errorf("watch descriptor %d: %w", fd, unix.EBADF)
	}
	for fd >= len(l.slots) {
		l.slots = append(l.slots, make([]slot, max(64, len(l.slots)))...)
	}
	s := &l.slots[fd]
	s.generation++
	s.handler = h
	event := unix.EpollEvent{Events: events, Fd: int32(fd), Pad: s.generation}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		s.handler = nil
		return fmt.Errorf("watch descriptor %d: %w", fd, err)
	}
	return nil
}

// Remove ends the watch on fd. Events of this round that were not delivered
// yet are dropped, also when the number is used anew at once. Call it before
// the descriptor is closed or passed to another process.
func (l *Loop) Remove(fd int) {
	if !l.forget(fd) {
		return
	}
	_ = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, fd, nil)
}

// Forget is Remove for a descriptor that the caller closes next: the kernel
// ends its watch then, which spares one system call.
func (l *Loop) Forget(fd int) { l.forget(fd) }

func (l *Loop) forget(fd int) bool {
	if fd < 0 || fd >= len(l.slots) || l.slots[fd].handler == nil {
		return false
	}
	l.slots[fd].handler = nil
	l.slots[fd].generation++
	return true
}

// Again has h.Ready(0) called once in the next round, after the descriptors
// that are ready by then: a handler with much to do gives way to others so.
func (l *Loop) Again(h Handler) { l.again = append(l.again, h) }

// Now is the time of this round, read from the clock once at most.
func (l *Loop) Now() time.Time {
	if !l.nowKnown {
		l.now, l.nowKnown = time.Now(), true
	}
	return l.now
}

// Run serves until ctx ends, and returns nil then. It may be called again.
func (l *Loop) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, l.post.signal)
	defer stop()
	for {
		n, err := l.wait()
		if err != nil {
			return fmt.Errorf("wait for descriptors: %w", err)
		}
		l.serve(n)
		if l.post.woken {
			l.post.run()
			if ctx.Err() != nil {
				return nil
			}
		}
	}
}

// Turn serves what is ready now, once, without waiting, and returns how many
// descriptors were. It is for those who have no goroutine for Run.
func (l *Loop) Turn() (int, error) {
	n, errno := l.poll(0)
	if errno != 0 {
		return 0, fmt.Errorf("poll descriptors: %w", errno)
	}
	l.serve(n)
	if l.post.woken {
		l.post.run()
	}
	return n, nil
}

// serve calls the handlers of n ready descriptors, and those asked for again.
func (l *Loop) serve(n int) {
	l.nowKnown = false
	for i := range n {
		event := &l.events[i]
		// A slot whose generation moved on belongs to somebody else.
		if s := &l.slots[event.Fd]; s.generation == event.Pad && s.handler != nil {
			s.handler.Ready(event.Events)
		}
	}
	if len(l.again) > 0 {
		l.runAgain()
	}
}

func (l *Loop) runAgain() {
	l.turn, l.again = l.again, l.turn[:0]
	for i, h := range l.turn {
		l.turn[i] = nil
		h.Ready(0)
	}
}

// Close releases the loop's own descriptors. Run must have returned.
func (l *Loop) Close() error {
	var errs []error
	for _, t := range l.tickers {
		errs = append(errs, unix.Close(t.fd))
	}
	l.tickers = nil
	l.post.close()
	errs = append(errs, unix.Close(l.epoll))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close event loop: %w", err)
	}
	return nil
}
