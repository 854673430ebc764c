package gate

import (
	"errors"

	"golang.org/x/sys/unix"

	"limpid/proxy/scoreboard"
)

// taker is what the gate knows of the proxy process.
type taker struct {
	gate    *Gate
	pidfd   int // of the process; 0 for none
	alive   bool
	stopped bool // alive, but takes no flow

	stoppedAt uint64 // heartbeats of the proxy by then
	goneAt    uint64 // signs of life by the end of the last one that was known
}

// takes says that a flow offered now will probably be taken.
func (t *taker) takes() bool { return t.alive && !t.stopped }

// ProxyStarted tells the gate of a new proxy process, from any goroutine.
func (g *Gate) ProxyStarted(pid int) {
	g.loop.Post(func() { g.proxy.started(pid) })
}

func (t *taker) started(pid int) {
	t.forget()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		// Gone already, or a kernel older than 5.3.
		t.gate.log.Warn("cannot watch the proxy", "pid", pid, "error", err)
		t.alive, t.stopped = !errors.Is(err, unix.ESRCH), false
		t.gate.heed()
		return
	}
	if err := t.gate.loop.Add(fd, unix.EPOLLIN, t); err != nil {
		t.gate.log.Error("cannot watch the proxy", "pid", pid, "error", err)
		_ = unix.Close(fd)
		t.gate.heed()
		return
	}
	t.pidfd, t.alive, t.stopped = fd, true, false
	t.gate.heed()
}

// Ready is called when the process has ended: what it had not taken is carried.
func (t *taker) Ready(uint32) {
	t.forget()
	t.gate.log.Warn("the proxy has ended: carrying what it did not take")
	t.gate.heed()
	t.gate.takeBack()
}

func (t *taker) forget() {
	if t.pidfd != 0 {
		t.gate.loop.Remove(t.pidfd)
		_ = unix.Close(t.pidfd)
	}
	t.pidfd, t.alive, t.stopped = 0, false, false
	t.goneAt = t.signs()
}

// signs counts what only a proxy that lives does.
func (t *taker) signs() uint64 {
	return t.gate.beats() + t.gate.ProxyBoard.Get(scoreboard.Accepts)
}

// look finds a proxy whose start was not heard of yet by what it does: it may have
// passed a health check, so that connections are captured for it, before the
// supervisor's word of it was read, or before the gate was there at all.
func (t *taker) look() {
	if t.alive {
		return
	}
	t.gate.reclaim(t.gate.loop.Now())
	if !t.alive && t.signs() != t.goneAt {
		t.took()
	}
}

// stalled is called when flows were not taken in time.
func (t *taker) stalled() {
	if !t.stopped {
		t.gate.log.Warn("the proxy takes no flows: carrying them")
	}
	t.stopped, t.stoppedAt = true, t.gate.beats()
	t.gate.heed()
}

// took is called when the proxy has emptied the queue: it lives, whether its
// start was heard of or not.
func (t *taker) took() {
	if t.stopped && t.alive {
		t.gate.log.Info("the proxy takes flows again")
	}
	t.alive, t.stopped = true, false
	t.gate.heed()
}
