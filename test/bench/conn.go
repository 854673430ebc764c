package main

import (
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// conn is one connection of a client.
type conn struct {
	fd    int32
	state connState
	due   time.Time // of its request
	began time.Time // of the connection itself
	answer
}

type connState int

const (
	connecting connState = iota
	asking               // its request is on the way
	resting              // kept alive without a request
	ending               // answered; the other end is to close
)

// ask makes one request, as soon as it can.
func (c *client) ask(due time.Time) {
	switch {
	case c.fresh:
		c.dial(due)
	case len(c.idle) > 0:
		x := c.idle[0]
		c.idle = c.idle[1:]
		c.send(x, due)
	default:
		c.waiting = append(c.waiting, due)
	}
}

// dial begins a connection.
func (c *client) dial(due time.Time) {
	x := &conn{fd: -1, due: due, began: time.Now()}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		c.fail(x, err)
		return
	}
	x.fd = int32(fd)
	c.conns[x.fd] = x
	if err := unix.Connect(fd, c.to); err != nil && err != unix.EINPROGRESS {
		c.fail(x, err)
		return
	}
	// Registered once: edges tell of the end of the handshake and of all that comes later.
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: x.fd}
	if err := unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		c.fail(x, err)
	}
}

// send writes a request; it is far smaller than any socket's buffer.
func (c *client) send(x *conn, due time.Time) {
	x.due, x.state = due, asking
	x.reset()
	if _, err := unix.Write(int(x.fd), c.request); err != nil {
		c.fail(x, err)
	}
}

// serve reads until there is no more.
func (c *client) serve(x *conn) {
	if x.state == connecting {
		failure, err := unix.GetsockoptInt(int(x.fd), unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && failure != 0 {
			err = unix.Errno(failure)
		}
		if err != nil {
			c.fail(x, err)
			return
		}
		c.send(x, x.due)
	}
	for c.conns[x.fd] == x {
		n, err := unix.Read(int(x.fd), c.buf)
		switch {
		case err == unix.EAGAIN:
			return
		case err == unix.EINTR:
		case err != nil:
			c.fail(x, err)
		case n == 0:
			c.closed(x)
		default:
			c.got(x, c.buf[:n])
		}
	}
}

// got takes what was read.
func (c *client) got(x *conn, p []byte) {
	if x.state != asking {
		c.fail(x, errors.New("bytes that nobody asked for"))
		return
	}
	whole, err := x.take(p, smallSize)
	switch {
	case err != nil:
		c.fail(x, err)
	case !whole:
	case c.fresh:
		c.answered(time.Since(x.due))
		x.state = ending
	default:
		c.answered(time.Since(x.due))
		c.rest(x)
	}
}

// rest frees a connection for whoever has waited longest.
func (c *client) rest(x *conn) {
	if len(c.waiting) > 0 {
		due := c.waiting[0]
		c.waiting = c.waiting[1:]
		c.send(x, due)
		return
	}
	x.state = resting
	c.idle = append(c.idle, x)
}

// closed is the end of what the other side sends.
func (c *client) closed(x *conn) {
	if x.state != ending {
		c.fail(x, errors.New("closed before it was answered"))
		return
	}
	c.forget(x)
}

// fail ends a connection that went wrong. One that was closed at rest has no
// request whose time could be told, but it was to stay: that is a failure too.
// Of one that was answered only a reset is worth telling.
func (c *client) fail(x *conn, err error) {
	reset := errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE)
	switch x.state {
	case connecting, asking:
		c.gaveUp(time.Since(x.due), reset)
	case resting:
		c.idle = slices.DeleteFunc(c.idle, func(other *conn) bool { return other == x })
		c.failed++
	case ending:
		if reset {
			c.resets++
		}
	}
	c.forget(x)
}

// forget closes a connection.
func (c *client) forget(x *conn) {
	if c.fresh {
		c.ended(time.Since(x.began))
	}
	if x.fd >= 0 {
		_ = unix.Close(int(x.fd))
		delete(c.conns, x.fd)
	}
}

// abandon counts what is still without an answer as failed.
func (c *client) abandon() {
	c.stopped()
	for _, due := range c.waiting {
		c.gaveUp(time.Since(due), false)
	}
	for _, x := range c.conns {
		if x.state == connecting || x.state == asking {
			c.gaveUp(time.Since(x.due), false)
		}
		if c.fresh {
			c.ended(time.Since(x.began))
		}
	}
}
