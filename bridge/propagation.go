package bridge

import "time"

// grace is how long a port that was just set up may take to find its carrier:
// copper at 1 Gbit/s negotiates for 2 to 4 s, some optics and switches for longer.
const grace = 10 * time.Second

// side names an end of the wire.
type side int

const (
	neither side = iota
	lanSide
	wanSide
)

// propagation decides which port to keep down so that a cut on one side is seen on
// the other. It is a pure state machine.
//
// The port that lost its carrier is never the one that is held: it stays up and
// shows when the cable is back. Of the held port nothing is known, so its missing
// carrier means nothing until it was up for the grace time; without that two ports
// that negotiate at different speeds would pull each other down for ever.
type propagation struct {
	held  side
	quiet time.Time // until then a missing carrier means nothing
}

// newPropagation starts with the grace time: the ports may have been set up just now.
func newPropagation(now time.Time) propagation { return propagation{quiet: now.Add(grace)} }

// next takes what the ports show now. wake is when to look again even if nothing
// happens; zero for never.
func (p propagation) next(now time.Time, lan, wan bool) (_ propagation, wake time.Time) {
	switch p.held {
	case lanSide:
		if wan {
			return p.release(now)
		}
		return p, time.Time{}
	case wanSide:
		if lan {
			return p.release(now)
		}
		return p, time.Time{}
	case neither:
	}
	switch {
	case lan && wan:
		p.quiet = time.Time{} // both have negotiated: the next loss is a real one
	case now.Before(p.quiet):
		return p, p.quiet
	case wan:
		p.held = wanSide
	case lan:
		p.held = lanSide
	}
	// With both cut there is nothing to tell anybody.
	return p, time.Time{}
}

func (p propagation) release(now time.Time) (propagation, time.Time) {
	p = newPropagation(now)
	return p, p.quiet
}

// port is the name of the held port in spec; empty for none.
func (p propagation) port(spec Spec) string {
	switch p.held {
	case lanSide:
		return spec.LAN
	case wanSide:
		return spec.WAN
	case neither:
	}
	return ""
}
