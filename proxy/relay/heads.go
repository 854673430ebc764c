package relay

import "limpid/proxy/http1"

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

// watchHead notes that an incomplete head has moved, or that there is none.
func (w *Worker) watchHead(f *Flow) {
	if f.up.head != nil || f.down.head != nil {
		w.slow[f] = w.loop.Now()
		f.slow = true
		w.ticker.Start()
	} else if f.slow {
		delete(w.slow, f)
		f.slow = false
	}
}

// checkHeads gives up on heads that have not moved for too long.
func (w *Worker) checkHeads() {
	for f, moved := range w.slow {
		if w.loop.Now().Sub(moved) >= w.settings.HeadWait {
			f.leaveHTTP(SlowHead)
			f.Drive()
		}
	}
	if len(w.slow) == 0 {
		w.ticker.Stop()
	}
}
