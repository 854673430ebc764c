package gate

import (
	"time"

	"golang.org/x/sys/unix"

	"limpid/proxy/scoreboard"
)

// watchBacklog sees to it that connections which the proxy ought to accept do
// not wait: when the oldest has waited too long the gate accepts them itself,
// until the proxy's heart beats again.
func (g *Gate) watchBacklog(now time.Time) {
	accepts := g.ProxyBoard.Get(scoreboard.Accepts)
	taken := accepts - g.seenAccepts
	g.seenAccepts = accepts
	if g.accepting {
		g.waits.keep(0)
		if g.proxy.stopped && g.beats() >= g.proxy.stoppedAt+beatsAgain {
			g.proxy.took()
		}
		return
	}
	waiting := 0
	for _, fd := range g.Listeners {
		// For a listener it is the length of the accept queue (tcp_get_info in
		// net/ipv4/tcp.c, Linux 6.12).
		if info, err := unix.GetsockoptTCPInfo(fd, unix.SOL_TCP, unix.TCP_INFO); err == nil {
			waiting += int(info.Unacked)
		}
	}
	g.waits.follow(int(min(taken, maxWaiting)), waiting, now)
	if oldest, some := g.waits.oldest(); some && now.Sub(oldest) > g.TakeTimeout {
		g.waits.keep(0)
		g.proxy.stalled()
	}
}

// beatsAgain is how many heartbeats prove that a proxy which stood still goes
// on: one may have been due already.
const beatsAgain = 2

// beats is how often any loop of the proxy has shown that it is alive.
func (g *Gate) beats() (sum uint64) {
	for loop := range scoreboard.MaxLoops {
		sum += g.ProxyBoard.Beats(loop)
	}
	return sum
}
