package gate

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// takenTime is how long a client waits for the end of its own last connection.
	takenTime = 3 * time.Second
	// takenMax bounds those that wait.
	takenMax = 1024
)

// isTaken says that the box still has a connection of the same client's port to
// the same server: the client has come back with a port at once, and what ended
// its last connection has not been answered on the server's side yet.
func isTaken(err error) bool { return errors.Is(err, unix.EADDRNOTAVAIL) }

// attempt waits for its port.
type attempt struct {
	until  time.Time
	try    func() error
	giveUp func(error)
}

// whenFree tries, and again at every tick while the port is taken: giveUp is for
// what has waited in vain, fail for what cannot wait.
func (g *Gate) whenFree(try func() error, fail, giveUp func(error)) {
	switch err := try(); {
	case err == nil:
	case isTaken(err) && len(g.taken) < takenMax:
		g.taken = append(g.taken, attempt{g.loop.Now().Add(takenTime), try, giveUp})
	default:
		fail(err)
	}
}

// tryAgain makes every attempt once.
func (g *Gate) tryAgain(now time.Time) {
	waiting := g.taken
	g.taken = nil
	for _, a := range waiting {
		switch err := a.try(); {
		case err == nil:
		case isTaken(err) && now.Before(a.until):
			g.taken = append(g.taken, a)
		default:
			a.giveUp(err)
		}
	}
}
