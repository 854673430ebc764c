package web

import (
	"context"
	"sync"
	"time"

	"limpid/appliance/control"
)

// freshFor is how old what the page shows may be. However many ask, the supervisor,
// which has more urgent things to do, is asked once in that time.
const freshFor = 500 * time.Millisecond

// askTimeout bounds a question to the supervisor.
const askTimeout = 3 * time.Second

// look is what the page knows at a moment.
type look struct {
	status control.Status
	hash   string // of the password; empty: none is set
	reader string // of the second one; empty: there is none
	tokens []control.Token
	place  *time.Location // where people are told times by; nil: UTC
	err    error          // why nothing is known
	at     time.Time
}

// zone is where people are told times by.
func (l *look) zone() *time.Location {
	if l.place == nil {
		return time.UTC
	}
	return l.place
}

// watcher asks for everybody.
type watcher struct {
	control Control
	clock   func() time.Time

	mu   sync.Mutex
	last look
}

func newWatcher(c Control, clock func() time.Time) *watcher {
	return &watcher{control: c, clock: clock}
}

// now gives what was learned lately, or learns it. It is not bound to the request
// that happens to be the first: others wait for the same answer.
func (w *watcher) now() look {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := w.clock(); w.last.at.IsZero() || now.Sub(w.last.at) >= freshFor || now.Before(w.last.at) {
		w.last = w.ask()
	}
	return w.last
}

// stale has the next one asked anew: something was changed.
func (w *watcher) stale() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last.at = time.Time{}
}

func (w *watcher) ask() look {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	var l look
	l.status, l.err = w.control.Status(ctx)
	if l.err == nil {
		l.place = l.status.Zone()
		var p control.Password
		p, l.err = w.control.Password(ctx)
		l.hash, l.reader = p.Hash, p.Reader
	}
	if l.err == nil {
		var t control.TokenList
		t, l.err = w.control.Tokens(ctx)
		l.tokens = t.Tokens
	}
	l.at = w.clock()
	return l
}
