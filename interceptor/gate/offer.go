package gate

import (
	"errors"
	"time"

	"limpid/proxy/handover"
	"limpid/proxy/scoreboard"
)

// maxWaiting bounds the flows in the queue: descriptors in flight count
// against RLIMIT_NOFILE (unix(7)), and a longer queue helps nobody.
const maxWaiting = 2048

// offers remembers when the flows in the hand-over queue were put there,
// oldest first. The queue is first in, first out, so how many still wait says
// which ones they are.
type offers struct {
	at    [maxWaiting]time.Time
	first int // of the ring
	count int
}

func (o *offers) push(now time.Time) {
	o.at[(o.first+o.count)%maxWaiting] = now
	o.count++
}

// keep forgets all but the youngest n.
func (o *offers) keep(n int) {
	n = min(n, o.count)
	o.first = (o.first + o.count - n) % maxWaiting
	o.count = n
}

// follow is for a queue that others fill: since it was looked at last, taken
// were taken from it, and waiting are in it now. It is first in, first out, so
// those that came are the youngest.
func (o *offers) follow(taken, waiting int, now time.Time) {
	o.keep(max(o.count-taken, 0))
	o.keep(waiting)
	for range min(waiting, maxWaiting) - o.count {
		o.push(now)
	}
}

// oldest is when the oldest flow that waits was offered.
func (o *offers) oldest() (time.Time, bool) {
	return o.at[o.first], o.count > 0
}

// offer hands a flow to the proxy, or carries it when the proxy does not
// take any. Checks of the watchdog are never carried: they must find out.
func (g *Gate) offer(f *handover.Flow) {
	g.proxy.look()
	if (!g.proxy.takes() && !f.Health) || g.offers.count == maxWaiting {
		g.carryOrReset(f)
		return
	}
	err := g.Sender.Send(f)
	if err != nil {
		if !errors.Is(err, handover.ErrFull) {
			g.log.Error("cannot hand over", "error", err)
		}
		g.carryOrReset(f)
		return
	}
	g.offers.push(g.loop.Now())
	g.Board.Add(scoreboard.HandedOver, 1)
	closeHanded(f)
}

// reclaim takes back every flow when the oldest has waited too long.
func (g *Gate) reclaim(now time.Time) {
	if g.offers.count == 0 {
		return
	}
	waiting, err := g.Receiver.Waiting()
	if err != nil {
		g.log.Error("cannot look at the hand-over queue", "error", err)
		return
	}
	g.offers.keep(waiting)
	oldest, some := g.offers.oldest()
	if !some {
		g.proxy.took()
		return
	}
	if now.Sub(oldest) > g.TakeTimeout {
		g.proxy.stalled()
		g.takeBack()
	}
}

// takeBack receives every flow that still waits and carries it.
func (g *Gate) takeBack() {
	for {
		var f handover.Flow
		if err := g.Receiver.Receive(&f); err != nil {
			if !errors.Is(err, handover.ErrEmpty) {
				g.log.Error("cannot take a flow back", "error", err)
				continue
			}
			g.offers.keep(0)
			return
		}
		g.Board.Add(scoreboard.TakenBack, 1)
		g.carryOrReset(&f)
	}
}
