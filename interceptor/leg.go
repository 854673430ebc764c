package interceptor

import "fmt"

// leg is one of a flow's two connections, named by the sets that know of it.
type leg struct {
	peer  string // who is at the far end, in words
	slot  string // the map of live ones
	ended string // the map of those whose peer has said FIN, or that were reset
	said  string // the set of those where we have said FIN, or that were reset
}

func clientLeg(f family) leg {
	return leg{"the client", setDown + f.suffix, setEndedDown + f.suffix, setSaidDown + f.suffix}
}

func serverLeg(f family) leg {
	return leg{"the server", setUp + f.suffix, setEndedUp + f.suffix, setSaidUp + f.suffix}
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

// overRules match a frame of a flow all of whose ends have said their last. legs
// begins with that of the frame.
func overRules(tuple key, legs []leg, over string) []rule {
	var all []statement
	for _, l := range legs {
		all = append(all, tuple.in(l.said), tuple.in(l.ended))
	}
	rules := []rule{{why: "that was the end of the flow", parts: append(all, jump(over))}}
	if len(legs) > 1 {
		rules = append(rules, rule{why: "and so it was: the other leg never was, or is gone", parts: []statement{
			tuple.in(legs[0].said), tuple.in(legs[0].ended), tuple.notIn(legs[1].slot), jump(over)}})
	}
	return rules
}

// overChain frees the slots of flows that are over for the next ones at once. What
// ended says stays for a while: a last segment may have to be sent again, and its
// ACK still belongs to us. A frame that another processor judges meanwhile may
// bring a slot back; it finds ended then, and comes here too.
func (s Spec) overChain(name string, tuple key, legs []leg) chain {
	c := chain{name: name}
	for _, l := range legs {
		c.rules = append(c.rules, rule{why: fmt.Sprintf("remember where frames to and from %s go, and free the slot", l.peer), parts: []statement{
			tuple.in(l.ended), tuple.learn(l.ended, s.EndedTimeout), tuple.shorten(l.said, s.EndedTimeout), tuple.forget(l.slot)}})
	}
	return c
}

// endedChain takes the frames of ends that have said FIN, and of flows that are
// over. others are the rules for frames of any other flow.
func (s Spec) endedChain(name, over string, tuple key, own leg, legs []leg, take string, others []rule) chain {
	rules := append(others,
		rule{why: "over", parts: []statement{tuple.notIn(own.slot), tuple.learn(own.ended, s.EndedTimeout), follow(take)}},
		rule{why: "keep what is known", parts: []statement{tuple.learn(own.slot, 0), tuple.learn(own.ended, 0)}})
	rules = append(rules, overRules(tuple, legs, over)...)
	rules = append(rules, rule{why: "capture", parts: []statement{follow(take)}})
	return chain{name: name, rules: rules}
}

// unnoted has a slot whose end found no room in a set last no longer than a
// half-open one: slots that stay behind fill the box. A set that is not full may
// have no room either: deleted elements stay until the kernel collects them, and
// too many of one key are refused (lib/rhashtable.c, RHT_ELASTICITY).
func (s Spec) unnoted(matches statement, tuple key, l leg, set string) rule {
	return rule{why: "no room to note it: keep the slot for a shorter time", parts: []statement{
		matches, tuple.notIn(set), tuple.in(l.slot), tuple.learn(l.slot, s.OpeningTimeout)}}
}
