package web

import (
	"sync"
	"time"
)

// The login limiter: after a few tries that failed, each one from the same place has
// to wait, twice as long each time. It never waits longer than a minute, and it is
// kept for each place by itself: whoever guesses slows down only their own place. A
// browser that the owner has used before is a place of its own (known.go). At the box
// itself none of this is needed: the console switches and resets without a password.
const (
	freeTries = 5
	firstWait = 2 * time.Second
	lastWait  = time.Minute
	forgetIn  = 15 * time.Minute // since the last failure
	maxPlaces = 4096
)

// attempts is what is remembered of logins that failed.
type attempts struct {
	clock func() time.Time

	mu     sync.Mutex
	places map[string]*failures
}

type failures struct {
	count int
	last  time.Time
}

func newAttempts(clock func() time.Time) *attempts {
	return &attempts{clock: clock, places: make(map[string]*failures)}
}

// begin says how long to wait before the next try from a place; 0: it may be made
// now, and counts as failed until succeeded says otherwise, so that many at once are
// no more than one after the other.
func (a *attempts) begin(who string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock()
	f := a.places[who]
	if f == nil || now.Sub(f.last) >= forgetIn {
		a.makeRoom(now)
		f = &failures{}
		a.places[who] = f
	}
	if wait := f.last.Add(f.wait()).Sub(now); wait > 0 {
		return wait
	}
	f.count++
	f.last = now
	return 0
}

// wait is how long after the last failure the next try may be made.
func (f *failures) wait() time.Duration {
	if f.count < freeTries {
		return 0
	}
	wait := firstWait
	for range f.count - freeTries {
		if wait *= 2; wait >= lastWait {
			return lastWait
		}
	}
	return wait
}

// withdraw takes back a try that came to nothing: nobody looked at the password.
func (a *attempts) withdraw(who string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f := a.places[who]; f != nil && f.count > 0 {
		f.count--
	}
}

// succeeded forgets what failed before.
func (a *attempts) succeeded(who string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.places, who)
}

// makeRoom forgets places that are long quiet, and then any: who has so many
// addresses is not slowed down by this anyway, but by one hash at a time.
func (a *attempts) makeRoom(now time.Time) {
	if len(a.places) < maxPlaces {
		return
	}
	for who, f := range a.places {
		if now.Sub(f.last) >= forgetIn {
			delete(a.places, who)
		}
	}
	for who := range a.places {
		if len(a.places) < maxPlaces {
			return
		}
		delete(a.places, who)
	}
}
