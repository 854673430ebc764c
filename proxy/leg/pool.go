package leg

import (
	"slices"
	"time"

	"limpid/proxy/eventloop"
	"limpid/proxy/socket"
)

// scratchSize is the memory a loop reads into, in bytes.
const scratchSize = 64 << 10

// Pool is what the pairs of one loop share. It is used on the loop's goroutine
// only.
type Pool struct {
	loop     *eventloop.Loop
	scratch  []byte
	buffers  [len(classes)][]*buffer
	pipes    []*pipe
	pipesOut int // pipes in use and spare

	lingering  []lingerer
	delivering []delivery
	ticker     *eventloop.Ticker
}

// delivery is a pair of which one leg broke while bytes of it waited for the
// other.
type delivery struct {
	pair     *Pair
	sent     uint64 // of that direction, when it last moved
	deadline time.Time
}

// lingerer is a socket to be reset once its peer has what was sent before.
type lingerer struct {
	fd       int
	unsent   int
	deadline time.Time
}

const (
	// lingerTick is how often lingering sockets are looked at.
	lingerTick = 10 * time.Millisecond
	// lingerLimit is how long the peer may acknowledge nothing before the
	// reset is sent all the same.
	lingerLimit = 5 * time.Second
)

// NewPool makes the pool of a loop.
func NewPool(loop *eventloop.Loop) (*Pool, error) {
	p := &Pool{loop: loop, scratch: make([]byte, scratchSize)}
	ticker, err := loop.NewTicker(lingerTick, p.checkLingering)
	if err != nil {
		return nil, err
	}
	p.ticker = ticker
	return p, nil
}

// Loop is the loop the pool belongs to.
func (p *Pool) Loop() *eventloop.Loop { return p.loop }

// Close releases the pipes and resets what still lingers. No pair may be open.
func (p *Pool) Close() {
	for _, x := range p.pipes {
		x.close()
	}
	p.pipesOut -= len(p.pipes)
	p.pipes = nil
	for _, x := range p.lingering {
		socket.Reset(x.fd)
	}
	p.lingering = nil
	p.ticker.Stop()
}

// resetAfterData resets l after the data that was sent on it: the kernel throws
// away what is not yet acknowledged when it sends RST, while on a wire the data
// would have been ahead of it.
func (p *Pool) resetAfterData(l *Leg) {
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
	p.lingering = append(p.lingering, lingerer{
		fd: int(l.fd), unsent: left, deadline: p.loop.Now().Add(lingerLimit),
	})
	p.ticker.Start()
}

// patient reports whether a pair may go on delivering; sent is how much it has
// so far.
func (p *Pool) patient(pair *Pair, sent uint64) bool {
	now := p.loop.Now()
	for i := range p.delivering {
		if d := &p.delivering[i]; d.pair == pair {
			if d.sent != sent {
				d.sent, d.deadline = sent, now.Add(lingerLimit)
			}
			return now.Before(d.deadline)
		}
	}
	p.delivering = append(p.delivering, delivery{pair: pair, sent: sent, deadline: now.Add(lingerLimit)})
	p.ticker.Start()
	return true
}

// checkDeliveries ends the pairs whose time is over, and forgets those that
// have ended.
func (p *Pool) checkDeliveries(now time.Time) {
	overdue := make([]*Pair, 0, len(p.delivering))
	for _, d := range p.delivering {
		if d.pair.ending == Open && !now.Before(d.deadline) {
			overdue = append(overdue, d.pair)
		}
	}
	for _, pair := range overdue {
		pair.client.owner.Drive()
	}
	p.delivering = slices.DeleteFunc(p.delivering, func(d delivery) bool { return d.pair.ending != Open })
}

func (p *Pool) checkLingering() {
	now := p.loop.Now()
	p.checkDeliveries(now)
	kept := p.lingering[:0]
	for _, x := range p.lingering {
		left := socket.Unsent(x.fd)
		if left < x.unsent {
			x.unsent, x.deadline = left, now.Add(lingerLimit)
		}
		if left > 0 && now.Before(x.deadline) {
			kept = append(kept, x)
			continue
		}
		socket.Reset(x.fd)
	}
	p.lingering = kept
	if len(kept)+len(p.delivering) == 0 {
		p.ticker.Stop()
	}
}
