package interceptor

import "fmt"

// overChains find out by a frame, after what it says was noted, whether its flow is
// over: all of its ends have said their last, or those of this leg have and the other
// leg never was, or is gone. They begin with the chain named name+"_both", and end
// with a jump to next. first and second are the two sets that know of this leg's ends:
// first is the one that such a frame finds itself in most seldom, said where it came in,
// ended where it is ours.
//
// Noted before it is compared: where two processors see two ends at once, one of
// them sees both.
func (s Spec) overChains(name string, tuple key, own, other leg, first, second, next string) []chain {
	both, rest, over := name+"_both", name+"_rest", name+"_over"
	legs := s.tied(own, other)
	chains := []chain{s.overChain(over, tuple, legs, next)}
	if len(legs) == 1 {
		rest = over
	} else {
		chains = append(chains, chain{name: rest, rules: []rule{
			{why: "that was the end of the flow", parts: []statement{tuple.in(other.said), tuple.in(other.ended), follow(over)}},
			{why: "and so it was: the other leg never was, or is gone", parts: []statement{tuple.notIn(other.slot), follow(over)}},
			{why: "the other leg goes on", parts: []statement{follow(next)}},
		}})
	}
	return append(chains, chain{name: both, rules: []rule{
		{why: "both ends of this leg have said their last", parts: []statement{tuple.in(first), tuple.in(second), follow(rest)}},
		{why: "one of them has not", parts: []statement{follow(next)}},
	}})
}

// overChain frees the slots of flows that are over for the next ones at once. What
// ended says stays for a while: a last segment may have to be sent again, and its
// ACK still belongs to us. A frame that another processor judges meanwhile may
// bring a slot back; it finds ended then, and comes here too.
func (s Spec) overChain(name string, tuple key, legs []leg, next string) chain {
	c := chain{name: name}
	for _, l := range legs {
		c.rules = append(c.rules, rule{why: fmt.Sprintf("remember where frames to and from %s go, and free the slot", l.peer), parts: []statement{
			tuple.in(l.ended), tuple.learn(l.ended, s.EndedTimeout), tuple.shorten(l.said, s.EndedTimeout), tuple.forget(l.slot)}})
	}
	c.rules = append(c.rules, rule{why: "on its way", parts: []statement{follow(next)}})
	return c
}
