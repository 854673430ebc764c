package control

import (
	"errors"
	"net/http"
	"sync"
)

// errStopping is what is said to whoever asks a moment too late.
var errStopping = errors.New("limpid is stopping: ask again in a moment")

// asked counts the questions that are being answered. net/http does not wait for its
// handlers when a server is closed, and what they look at ends with the supervisor.
type asked struct {
	mu      sync.Mutex
	over    bool
	running sync.WaitGroup
}

// handler answers with h until end is called.
func (a *asked) handler(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.begin() {
			fail(w, errStopping)
			return
		}
		defer a.running.Done()
		h.ServeHTTP(w, r)
	})
}

func (a *asked) begin() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.over {
		a.running.Add(1)
	}
	return !a.over
}

// end lets no other question in, and waits until those there are have been answered.
func (a *asked) end() {
	a.mu.Lock()
	a.over = true
	a.mu.Unlock()
	a.running.Wait()
}
