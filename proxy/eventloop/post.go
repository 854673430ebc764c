package eventloop

import (
	"sync"

	"golang.org/x/sys/unix"
)

// posts is the queue of functions that other goroutines gave the loop.
type posts struct {
	mu       sync.Mutex
	wake     int // eventfd, -1 once closed
	signaled bool
	queue    []func()

	woken bool // the eventfd fired in this round (loop's goroutine only)
	spare []func()
}

// Post has f called on the loop's goroutine after the current round. Any
// goroutine may call it. What is posted after Run has returned waits for the
// next Run.
func (l *Loop) Post(f func()) {
	l.post.mu.Lock()
	l.post.queue = append(l.post.queue, f)
	l.post.mu.Unlock()
	l.post.signal()
}

// signal makes the loop's wait end.
func (p *posts) signal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.signaled || p.wake < 0 {
		return
	}
	p.signaled = true
	one := [8]byte{1}
	// An eventfd far from overflow takes every write.
	_, _ = unix.Write(p.wake, one[:])
}

// Ready notes that the eventfd fired. It is edge-triggered, and one write is
// made for each run, so its counter need not be read.
func (p *posts) Ready(uint32) { p.woken = true }

// run calls what was posted until now.
func (p *posts) run() {
	p.woken = false
	p.mu.Lock()
	p.signaled = false
	queue := p.queue
	p.queue = p.spare[:0]
	p.mu.Unlock()
	for i, f := range queue {
		queue[i] = nil
		f()
	}
	p.spare = queue[:0]
}

func (p *posts) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = unix.Close(p.wake)
	p.wake = -1
}
