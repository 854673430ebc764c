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
		return &t.head.parser
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
		t.head = new(partHead)
	}
	*t.head = partHead{parser: *p, began: w.loop.Now()}
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

// partHead is a head that is incomplete.
type partHead struct {
	parser http1.Parser
	began  time.Time // when its first byte was seen
}

// headBegan is when the first byte of the head was seen that t has just read:
// now, unless it came in pieces.
func (w *Worker) headBegan(t *track) time.Time {
	if t.head != nil {
		return t.head.began
	}
	return w.loop.Now()
}

// held reports whether bytes of the flow wait in it for what may never come:
// for the rest of a head, or for a response before the client's end.
func (f *Flow) held() bool { return f.up.head != nil || f.down.head != nil || f.stuck }

// watchHead notes that a flow that holds bytes has moved, or that it holds none.
func (w *Worker) watchHead(f *Flow) {
	if w.ticker == nil {
		return
	}
	if f.held() {
		w.slow[f] = w.loop.Now()
		f.slow = true
		w.ticker.Start()
	} else if f.slow {
		delete(w.slow, f)
		f.slow = false
	}
}

// checkHeads gives up on flows that hold bytes and have not moved for too long,
// and on heads that have taken too long altogether.
func (w *Worker) checkHeads() {
	now := w.loop.Now()
	for f, moved := range w.slow {
		late := w.late(&f.up, now) || w.late(&f.down, now)
		if late {
			w.tally.Add(scoreboard.HeadTimeout, 1)
		}
		still := w.settings.HeadWait > 0 && now.Sub(moved) >= w.settings.HeadWait
		switch {
		case !late && !still:
			continue
		case f.stuck && !late:
			f.leaveHTTP(Unanswered)
		default:
			f.leaveHTTP(SlowHead)
		}
		f.Drive()
	}
	if len(w.slow) == 0 {
		w.ticker.Stop()
	}
}

// late reports whether t's head has taken too long.
func (w *Worker) late(t *track, now time.Time) bool {
	most := w.settings.HeadTimeout
	return most > 0 && t.head != nil && now.Sub(t.head.began) >= most
}
