package interceptor

import "fmt"

// leg is one of a flow's two connections, named by the sets that know of it.
type leg struct {
	peer    string // who is at the far end, in words
	slot    string // the map of live ones
	ended   string // the map of those whose peer has said FIN, or that were reset
	said    string // the set of those where we have said FIN
	closing string // the set of those where both have said FIN, or one reset
}

func clientLeg(f family) leg {
	return leg{"the client", setDown + f.suffix, setEndedDown + f.suffix, setSaidDown + f.suffix, setClosingDown + f.suffix}
}

func serverLeg(f family) leg {
	return leg{"the server", setUp + f.suffix, setEndedUp + f.suffix, setSaidUp + f.suffix, setClosingUp + f.suffix}
}

// tied are the legs that are over together. Frames on one leg take MACs from the
// other's slot, so neither may go before. With ports of its own the server's leg
// has another tuple and needs nobody's slot: each leg is over by itself.
func (s Spec) tied(own, other leg) []leg {
	if s.OwnPorts {
		return []leg{own}
	}
	return []leg{own, other}
}

// overRule matches a frame of a flow all legs of which are closing.
func overRule(tuple key, legs []leg, over string) rule {
	r := rule{why: "that was the end of the flow"}
	for _, l := range legs {
		r.parts = append(r.parts, tuple.in(l.closing))
	}
	r.parts = append(r.parts, jump(over))
	return r
}

// overChain frees the slots of flows that are over for the next ones at once. What
// ended says stays for a while: a last segment may have to be sent again, and its
// ACK still belongs to us. What is not in ended, because it was full, stays in its
// slot for a moment. A frame that another processor judges meanwhile may bring a
// slot back; it finds ended then, and comes here too.
func (s Spec) overChain(name string, tuple key, legs []leg) chain {
	c := chain{name: name}
	var remember rule
	for _, l := range legs {
		remember.parts = append(remember.parts, tuple.shorten(l.closing, s.EndedTimeout), tuple.remove(l.said))
	}
	remember.why = "it stays so, while frames come"
	c.rules = append(c.rules, remember)
	for _, l := range legs {
		c.rules = append(c.rules,
			rule{why: fmt.Sprintf("remember where frames to and from %s go, and free the slot", l.peer), parts: []statement{
				tuple.in(l.ended), tuple.learn(l.ended, s.EndedTimeout), tuple.forget(l.slot)}},
			rule{why: "not remembered there: a little longer in the slot", parts: []statement{
				tuple.in(l.slot), tuple.learn(l.slot, s.ClosingTimeout)}})
	}
	return c
}

// endedChain takes the frames of ends that have said FIN, and of flows that are
// over, and bridges those of flows that did not begin here.
func (s Spec) endedChain(name, over string, tuple key, legs []leg, take string) chain {
	return chain{name: name, rules: []rule{
		{why: "a flow that did not begin here is bridged", parts: []statement{tuple.notIn(legs[0].ended), leave()}},
		{why: "remember it for as long as a slot", parts: []statement{tuple.learn(legs[0].ended, 0)}},
		overRule(tuple, legs, over),
		{why: "capture", parts: []statement{follow(take)}},
	}}
}
