package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// client is a load of small requests, made by one thread: nonblocking sockets,
// one epoll, and a timer that says how many requests have come due.
type client struct {
	pace
	to      *unix.SockaddrInet4
	after   time.Duration // how long answers are awaited when nothing is begun any more
	request []byte
	epoll   int
	timer   int
	buf     []byte

	conns   map[int32]*conn
	idle    []*conn     // kept alive, the one that rested longest first
	waiting []time.Time // due, and no connection is free

	begin time.Time
	fired uint64
	work
}

// drive has a client in node c1 ask the origin for the small file.
func (s site) drive(ctx context.Context, p pace) (w work, err error) {
	port, err := strconv.Atoi(captured.port())
	if err != nil {
		return work{}, fmt.Errorf("drive the client: %w", err)
	}
	to := &unix.SockaddrInet4{Port: port, Addr: netip.MustParseAddr(addressOrigin).As4()}
	err = s.lab.C1.Do(func() error {
		c, err := newClient(p, to)
		if err != nil {
			return err
		}
		defer c.close()
		w, err = c.run(ctx)
		return err
	})
	if err != nil {
		return work{}, fmt.Errorf("drive the client: %w", err)
	}
	return w, nil
}

// newClient opens what it needs in the calling thread's namespace.
func newClient(p pace, to *unix.SockaddrInet4) (*client, error) {
	header := ""
	if p.fresh {
		// Asked for, so that every proxy and every server knows that there will be no second request.
		header = "Connection: close\r\n"
	}
	c := &client{
		pace: p, to: to, after: afterwards, timer: -1,
		request: fmt.Appendf(nil, "GET /small HTTP/1.1\r\nHost: %s\r\n%s\r\n", addressOrigin, header),
		buf:     make([]byte, 16<<10), conns: map[int32]*conn{},
	}
	var err error
	if c.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	if p.rate == 0 {
		return c, nil
	}
	if c.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err == nil {
		err = unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, c.timer, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.timer)})
	}
	if err != nil {
		c.close()
		return nil, fmt.Errorf("make a timer: %w", err)
	}
	return c, nil
}

// close gives back every descriptor.
func (c *client) close() {
	for fd := range c.conns {
		_ = unix.Close(int(fd))
	}
	if c.timer >= 0 {
		_ = unix.Close(c.timer)
	}
	_ = unix.Close(c.epoll)
}

// run is the whole load.
func (c *client) run(ctx context.Context) (work, error) {
	if !c.fresh {
		if err := c.open(ctx); err != nil {
			return work{}, err
		}
	}
	c.begin = time.Now()
	if c.rate > 0 {
		every := unix.NsecToTimespec(int64(float64(time.Second) / c.rate))
		if err := unix.TimerfdSettime(c.timer, 0, &unix.ItimerSpec{Interval: every, Value: every}, nil); err != nil {
			return work{}, fmt.Errorf("start a timer: %w", err)
		}
	}
	for !c.over() {
		if err := c.step(ctx); err != nil {
			return work{}, err
		}
		if !c.fresh && len(c.conns) == 0 {
			return work{}, errors.New("every connection was closed")
		}
	}
	c.abandon()
	if c.requests == 0 {
		return work{}, fmt.Errorf("no request was answered, %d failed", c.failed)
	}
	return c.work, nil
}

// open makes the connections that are kept, each with one answer that does not
// count.
func (c *client) open(ctx context.Context) error {
	for range c.width {
		c.dial(time.Now())
	}
	for deadline := time.Now().Add(10 * time.Second); len(c.idle) < c.width; {
		if err := c.step(ctx); err != nil {
			return err
		}
		if c.failed > 0 || time.Now().After(deadline) {
			return fmt.Errorf("%d of %d connections got an answer, %d failed", len(c.idle), c.width, c.failed)
		}
	}
	c.work = work{}
	return nil
}

// over says whether nothing is to come any more, or not for too long.
func (c *client) over() bool {
	since := time.Since(c.begin)
	switch {
	case since > c.d+c.after:
		return true
	case c.rate > 0 && c.fired < c.total():
		return false
	case c.rate == 0 && since < c.d:
		return false
	}
	c.stopped()
	return len(c.waiting) == 0 && c.busy() == 0
}

// stopped notes when the last request was begun: what is awaited afterwards is
// no time in which anything could have been asked.
func (c *client) stopped() {
	if c.elapsed == 0 {
		c.elapsed = time.Since(c.begin)
	}
}

// busy counts connections that are not at rest.
func (c *client) busy() int { return len(c.conns) - len(c.idle) }

// step serves what has happened, for at most a tenth of a second.
func (c *client) step(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if c.rate == 0 && c.fresh && time.Since(c.begin) < c.d {
		// Only as many as are missing now: one that fails at once is made up for in the next step.
		for range c.width - len(c.conns) {
			c.ask(time.Now())
		}
	}
	var events [64]unix.EpollEvent
	n, err := unix.EpollWait(c.epoll, events[:], 100)
	if err != nil && err != unix.EINTR {
		return fmt.Errorf("wait for sockets: %w", err)
	}
	for _, e := range events[:max(0, n)] {
		if int(e.Fd) == c.timer {
			if err := c.tick(); err != nil {
				return err
			}
		} else if x := c.conns[e.Fd]; x != nil {
			c.serve(x)
		}
	}
	return nil
}

// tick asks for all that has come due.
func (c *client) tick() error {
	var count [8]byte
	if _, err := unix.Read(c.timer, count[:]); err != nil {
		if err == unix.EAGAIN {
			return nil
		}
		return fmt.Errorf("read a timer: %w", err)
	}
	for range binary.NativeEndian.Uint64(count[:]) {
		if c.fired++; c.fired <= c.total() {
			c.ask(c.due(c.begin, c.fired))
		}
	}
	return nil
}
