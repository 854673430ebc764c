package eventloop

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Ticker is one periodic callback: a timerfd, so that rounds without a tick
// need not look at the clock.
type Ticker struct {
	fd       int
	interval time.Duration
	f        func()
	running  bool
	count    [8]byte
}

// Every has f called on the loop's goroutine about each d (at least 1 ms).
// Ticks missed while the loop was busy are made up by one call. It lasts until
// Close. Call it on the loop's goroutine, or before Run.
func (l *Loop) Every(d time.Duration, f func()) error {
	t, err := l.NewTicker(d, f)
	if err != nil {
		return err
	}
	t.Start()
	return nil
}

// NewTicker is Every with a ticker that stands still until Start.
func (l *Loop) NewTicker(d time.Duration, f func()) (*Ticker, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("create timer: %w", err)
	}
	t := &Ticker{fd: fd, interval: max(d, time.Millisecond), f: f}
	if err := l.Add(fd, unix.EPOLLIN, t); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	l.tickers = append(l.tickers, t)
	return t, nil
}

// Start makes a ticker that stands still tick.
func (t *Ticker) Start() {
	if !t.running {
		t.running = true
		t.set(t.interval)
	}
}

// Stop makes the ticker stand still.
func (t *Ticker) Stop() {
	if t.running {
		t.running = false
		t.set(0)
	}
}

// set cannot fail: the descriptor is a timer and the times are positive.
func (t *Ticker) set(d time.Duration) {
	interval := unix.NsecToTimespec(int64(d))
	_ = unix.TimerfdSettime(t.fd, 0, &unix.ItimerSpec{Interval: interval, Value: interval}, nil)
}

// Ready calls the callback. The count is read and not used: the kernel starts
// an interval anew only when it is (fs/timerfd.c).
func (t *Ticker) Ready(uint32) {
	if _, err := unix.Read(t.fd, t.count[:]); err == nil {
		t.f()
	}
}
