package interceptor

import "time"

// leg is one of a flow's two connections, named by the sets that know of it.
type leg struct {
	peer  string // who is at the far end, in words
	slot  string // the map of live ones
	ended string // the map of those whose peer has said FIN, or that were reset
	said  string // the set of those where we have said FIN before
}

func clientLeg(f family) leg {
	return leg{"the client", setDown + f.suffix, setEndedDown + f.suffix, setSaidDown + f.suffix}
}

func serverLeg(f family) leg {
	return leg{"the server", setUp + f.suffix, setEndedUp + f.suffix, setSaidUp + f.suffix}
}

// tied says that the legs of a flow have one tuple, and that frames on one take MACs
// from what is known of the other. With ports of its own the server's leg has another
// tuple, and needs nothing of the client's.
func (s Spec) tied() bool { return !s.OwnPorts }

// expected is the set of what we may have asked of servers: an answer to it is
// ours. With the mirrored handshake the server is asked before the client's SYN is
// captured; else after, and its slot tells. With ports of its own, the client's
// tuple is not that of our SYN.
func (s Spec) expected(f family) string {
	if s.learnsAsked() {
		return setAsked + f.suffix
	}
	return clientLeg(f).slot
}

// learnsAsked says that what a SYN showed must be known where its slot is not.
func (s Spec) learnsAsked() bool {
	return s.Memory != Programs && (s.OwnPorts || s.Handshake == Mirror)
}

// halfClosed is how long a slot lives whose peer has said FIN, from then on: nothing
// that comes later keeps it. Where the leg goes on for longer, its frames are captured,
// and get their MACs, by what ended says, which each of them keeps.
func (s Spec) halfClosed() time.Duration { return 6 * s.FlowTimeout }

// unnoted has a slot whose end found no room in a set last no longer than a
// half-open one: slots that stay behind fill the box. A set that is not full may
// have no room either: deleted elements stay until the kernel collects them, and
// too many of one key are refused (lib/rhashtable.c, RHT_ELASTICITY).
func (s Spec) unnoted(match statement, tuple key, l leg) rule {
	return rule{why: "no room to note it: keep the slot for a shorter time", parts: []statement{
		match, tuple.in(l.slot), tuple.learn(l.slot, s.OpeningTimeout)}}
}
