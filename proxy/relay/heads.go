package relay

import (
	"time"

	"limpid/proxy/http1"
	"limpid/proxy/scoreboard"
)

// Most heads are complete when they are first seen, and one parser serves them
// all. Only an incomplete one keeps a parser of its own, and a place in slow.

// parserFor returns the parser that reads t's head, ready to go on.
func (w *Worker) parserFor(t *track) *http1.Parser {
	if t.head != nil {
		return t.head
	}
	w.scratch.Reset()
	return &w.scratch
}

// keepParser keeps p for a head that is incomplete.
func (w *Worker) keepParser(t *track, p *http1.Parser) {
	if t.head != nil {
		return
	}
	if n := len(w.spare); n > 0 {
		t.head, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		t.head = new(http1.Parser)
	}
	*t.head = *p
}

// spareParsers is how many parsers a worker keeps for reuse.
const spareParsers = 256

// putParser takes back t's parser, if it has one.
func (w *Worker) putParser(t *track) {
	if t.head == nil {
		return
	}
	if len(w.spare) < spareParsers {
		w.spare = append(w.spare, t.head)
	}
	t.head = nil
}

// slowHead is since when a flow has an incomplete head, and when it last moved.
type slowHead struct{ began, moved time.Time }

// watchHead notes that an incomplete head has moved, or that there is none.
func (w *Worker) watchHead(f *Flow) {
	if f.up.head != nil || f.down.head != nil {
		head := slowHead{began: w.loop.Now(), moved: w.loop.Now()}
		if f.slow {
			head.began = w.slow[f].began
		}
		w.slow[f] = head
		f.slow = true
		w.ticker.Start()
	} else if f.slow {
		delete(w.slow, f)
		f.slow = false
	}
}

// checkHeads gives up on heads that have not moved for too long, or have taken
// too long altogether.
func (w *Worker) checkHeads() {
	now, most := w.loop.Now(), w.settings.HeadTimeout
	for f, head := range w.slow {
		late := most > 0 && now.Sub(head.began) >= most
		if late {
			w.tally.Add(scoreboard.HeadTimeout, 1)
		}
		if late || now.Sub(head.moved) >= w.settings.HeadWait {
			f.leaveHTTP(SlowHead)
			f.Drive()
		}
	}
	if len(w.slow) == 0 {
		w.ticker.Stop()
	}
}
