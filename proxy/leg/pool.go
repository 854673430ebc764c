package leg

import (
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

	lingering  []lingerer // the oldest first
	delivering []delivery // in no order
	limits     limits
	ticker     *eventloop.Ticker
	ticks      int // since the last look at them
}

// NewPool makes the pool of a loop.
func NewPool(loop *eventloop.Loop) (*Pool, error) {
	p := &Pool{loop: loop, scratch: make([]byte, scratchSize), limits: limits{silence: silenceLimit, whole: wholeLimit}}
	ticker, err := loop.NewTicker(waitingTick, p.tick)
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
