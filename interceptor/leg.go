package interceptor

import "fmt"

// leg is one of a flow's two connections, named by the sets that know of it.
type leg struct {
	peer    string // who is at the far end, in words
	slot    string // the map of live ones
	ended   string // the map of those whose peer has said FIN, or that were reset
	said    string // the set of those where we said FIN first
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

// closedChain is for the frame that closes legs[0].
func closedChain(name, over string, tuple key, legs []leg) chain {
	if len(legs) == 1 {
		return chain{name: name, rules: []rule{{why: "that was the end of it", parts: []statement{follow(over)}}}}
	}
	return chain{name: name, rules: []rule{
		{why: "that was the end of the flow", parts: []statement{tuple.in(legs[1].closing), follow(over)}},
		{why: "the other leg is still to end", parts: []statement{tuple.update(legs[0].closing)}},
	}}
}

// overChain frees the slots of flows that are over for the next ones at once. What
// ended says stays: a last segment may have to be sent again, and its ACK still
// belongs to us. What is not in ended, because it was full, stays in its slot for
// a moment.
func (s Spec) overChain(name string, tuple key, legs []leg) chain {
	c := chain{name: name}
	var forget rule
	for _, l := range legs {
		c.rules = append(c.rules,
			rule{why: fmt.Sprintf("remember where frames to and from %s go, and free the slot", l.peer), parts: []statement{
				tuple.in(l.ended), tuple.learn(l.ended, s.EndedTimeout), tuple.forget(l.slot)}},
			rule{why: "not remembered there: a little longer in the slot", parts: []statement{
				tuple.in(l.slot), tuple.learn(l.slot, s.ClosingTimeout)}})
		forget.parts = append(forget.parts, tuple.remove(l.closing), tuple.remove(l.said))
	}
	forget.why = "nothing more to wait for"
	c.rules = append(c.rules, forget)
	return c
}

// endedChain takes the frames of flows that are over, and bridges those of flows
// that did not begin here.
func (s Spec) endedChain(name string, tuple key, legs []leg, take string) chain {
	c := chain{name: name, rules: []rule{
		{why: "a flow that did not begin here is bridged", parts: []statement{tuple.notIn(legs[0].ended), leave()}}}}
	for _, l := range legs {
		c.rules = append(c.rules, rule{why: "late: remember it for as long again", parts: []statement{
			tuple.in(l.ended), tuple.learn(l.ended, s.EndedTimeout)}})
	}
	c.rules = append(c.rules, rule{why: "capture", parts: []statement{follow(take)}})
	return c
}
