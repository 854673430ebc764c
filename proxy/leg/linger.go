package leg

import (
	"slices"
	"time"

	"limpid/proxy/socket"
)

// lingerMost is how many sockets of a pool linger at most. The proxy keeps a
// descriptor for each (Descriptors), so that peers that take their time cost no
// flow its place. Of the default 65536 flows a loop's share is 4096 on a machine
// with sixteen CPUs, and more on others: this is a sixteenth of that, while
// sockets linger for about a round trip and flows live for seconds.
const lingerMost = 256

// lingerer is a socket to be reset once its peer has what was sent before.
type lingerer struct {
	fd     int
	unsent int
	patience
}

// resetAfterData resets l after the data that was sent on it: the kernel throws
// away what is not yet acknowledged when it sends RST, while on a wire the data
// would have been ahead of it. by is when that has to be over at the latest, zero
// for wholeLimit from now.
func (p *Pool) resetAfterData(l *Leg, by time.Time) {
	if l.is(closed) || l.owner == nil {
		return
	}
	left := 0
	if !l.is(broken | connecting | lost) {
		left = socket.Unsent(int(l.fd))
	}
	if left == 0 {
		l.reset(p.loop)
		return
	}
	l.state |= closed
	p.loop.Remove(int(l.fd))
	p.linger(lingerer{fd: int(l.fd), unsent: left, patience: p.limits.begin(p.loop.Now(), by)})
}

// linger makes room for x where need be: the oldest has had the most time.
func (p *Pool) linger(x lingerer) {
	if len(p.lingering) == lingerMost {
		socket.Reset(p.lingering[0].fd)
		p.lingering = slices.Delete(p.lingering, 0, 1)
	}
	p.lingering = append(p.lingering, x)
	p.ticker.Start()
}

// checkLingering resets the sockets whose data has arrived, or whose time is over.
func (p *Pool) checkLingering(now time.Time) {
	kept := p.lingering[:0]
	for _, x := range p.lingering {
		left := socket.Unsent(x.fd)
		if left < x.unsent {
			x.unsent, x.patience = left, p.limits.renew(x.patience, now)
		}
		if left > 0 && !x.over(now) {
			kept = append(kept, x)
			continue
		}
		socket.Reset(x.fd)
	}
	p.lingering = kept
}
