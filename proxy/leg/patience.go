package leg

import "time"

const (
	// silenceLimit is how long a peer that is to be reset may take nothing of
	// what was sent to it before.
	silenceLimit = 5 * time.Second
	// wholeLimit is how long it may be about all of it. One that takes a byte now
	// and then would keep the socket for ever.
	wholeLimit = time.Minute
	// waitingTick is how often those that are waited for are looked at.
	waitingTick = 10 * time.Millisecond
	// looksATick is at how many, on average: a look may cost a system call.
	looksATick = 16
)

// limits are silenceLimit and wholeLimit.
type limits struct{ silence, whole time.Duration }

// patience is with a peer that is to be reset.
type patience struct {
	next time.Time // by which it has to take something
	last time.Time // by which it has to have taken all
}

// begin is at the reset. last is zero if it is not fixed yet.
func (l limits) begin(now, last time.Time) patience {
	if last.IsZero() {
		last = now.Add(l.whole)
	}
	return l.renew(patience{last: last}, now)
}

// renew is when the peer has taken something.
func (l limits) renew(p patience, now time.Time) patience {
	p.next = now.Add(l.silence)
	if p.next.After(p.last) {
		p.next = p.last
	}
	return p
}

func (p patience) over(now time.Time) bool { return !now.Before(p.next) }

// due reports whether a tick is for a look: the more wait, the seldomer.
func (p *Pool) due() bool {
	waiting := len(p.lingering) + len(p.delivering)
	if p.ticks++; p.ticks <= min(waiting, lingerMost)/looksATick {
		return false
	}
	p.ticks = 0
	return true
}

// tick looks at those that wait.
func (p *Pool) tick() {
	if !p.due() {
		return
	}
	now := p.loop.Now()
	p.checkDeliveries(now)
	p.checkLingering(now)
	if len(p.lingering)+len(p.delivering) == 0 {
		p.ticker.Stop()
	}
}
