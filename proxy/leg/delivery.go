package leg

import (
	"slices"
	"time"
)

// delivery is a pair of which one leg broke while bytes of it waited for the
// other.
type delivery struct {
	pair *Pair
	sent uint64 // of that direction, when it last moved
	patience
}

// patient reports whether a pair may go on delivering; sent is how much it has
// so far.
func (p *Pool) patient(pair *Pair, sent uint64) bool {
	now := p.loop.Now()
	if pair.delivery == 0 {
		p.delivering = append(p.delivering, delivery{pair, sent, p.limits.begin(now, time.Time{})})
		pair.delivery = int32(len(p.delivering))
		p.ticker.Start()
		return true
	}
	d := &p.delivering[pair.delivery-1]
	if d.sent != sent {
		d.sent, d.patience = sent, p.limits.renew(d.patience, now)
	}
	return !d.over(now)
}

// delivered forgets a pair that has ended. It returns when the last of what was
// sent before the reset has to be taken; zero if that is not fixed yet.
func (p *Pool) delivered(pair *Pair) time.Time {
	if pair.delivery == 0 {
		return time.Time{}
	}
	at, end := pair.delivery-1, len(p.delivering)-1
	last := p.delivering[at].last
	p.delivering[at] = p.delivering[end]
	p.delivering[at].pair.delivery = at + 1
	p.delivering[end] = delivery{}
	p.delivering = p.delivering[:end]
	pair.delivery = 0
	return last
}

// checkDeliveries ends the pairs whose time is over. Each that ends swaps with
// one behind it, which was seen already.
func (p *Pool) checkDeliveries(now time.Time) {
	for _, d := range slices.Backward(p.delivering) {
		if d.over(now) {
			d.pair.client.owner.Drive()
		}
	}
}
