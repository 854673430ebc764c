package boot

import (
	"errors"
	"time"
)

// look is what a look at the box has found.
type look struct {
	standing bool          // there is a bridge for the ports, and it is up
	silent   time.Duration // since the supervisor has answered, or was started
}

// restartLimit is how long a supervisor may be silent that is seen to: it is found to
// hang, killed, and started again after the longest wait.
const restartLimit = hangPatience + 2*(watchEvery+askPatience) + lastWait

// Why nobody vouches for the box.
var (
	errNoWire     = errors.New("no bridge is up, nothing crosses: the hardware watchdog, if there is one, restarts the box")
	errUnattended = errors.New("the supervisor neither answers nor starts again: the hardware watchdog, if there is one, restarts the box")
)

// vouch says what keeps the box from being vouched for. A supervisor that dies over and
// over is seen to, and a proxy that never gets well is the supervisor's: neither is a
// reason to restart a box that is a wire.
func (l look) vouch() error {
	switch {
	case !l.standing:
		return errNoWire
	case l.silent > restartLimit:
		return errUnattended
	}
	return nil
}
