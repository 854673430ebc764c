package eventloop

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// ticker is one periodic callback: a timerfd, so that rounds without a tick
// need not look at the clock.
type ticker struct {
	fd    int
	f     func()
	count [8]byte
}

// Every has f called on the loop's goroutine about each d (at least 1 ms).
// Ticks missed while the loop was busy are made up by one call. It lasts until
// Close. Call it on the loop's goroutine, or before Run.
func (l *Loop) Every(d time.Duration, f func()) error {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("create timer: %w", err)
	}
	interval := unix.NsecToTimespec(int64(max(d, time.Millisecond)))
	if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Interval: interval, Value: interval}, nil); err != nil {
		_ = unix.Close(fd)
		return fmt.Errorf("set timer to %v: %w", d, err)
	}
	t := &ticker{fd: fd, f: f}
	if err := l.Add(fd, unix.EPOLLIN, t); err != nil {
		_ = unix.Close(fd)
		return err
	}
	l.tickers = append(l.tickers, t)
	return nil
}

// Ready calls the callback. The count is read and not used: the kernel starts
// an interval anew only when it is (fs/timerfd.c).
func (t *ticker) Ready(uint32) {
	if _, err := unix.Read(t.fd, t.count[:]); err == nil {
		t.f()
	}
}
