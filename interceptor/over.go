package interceptor

// overChain is for a frame that finds both ends of its leg to have said their last: the
// leg is over, and its slot free for the next flow at once. What ended says stays: a
// last segment may have to be sent again, its ACK still belongs to us, and frames on the
// other leg take MACs from here for as long as that goes on. When both are over, nothing
// but such late frames can come, and what ended says stays for EndedTimeout from the last.
//
// A peer's frame that another processor judges meanwhile may bring the slot back. It
// finds that both have said their last if said tells of it; else the slot stays until it
// times out. The chain ends with a jump to next.
func (s Spec) overChain(name string, tuple key, own, other leg, next string) chain {
	c := chain{name: name + "_over"}
	if s.tied() {
		c.rules = append(c.rules, rule{why: "the other leg goes on", parts: []statement{
			tuple.in(other.slot), tuple.forget(own.slot), follow(next)}})
	}
	c.rules = append(c.rules, rule{why: "so was the other, or it never was: both are forgotten soon", parts: []statement{
		tuple.learn(own.ended, s.EndedTimeout), tuple.forget(own.slot)}})
	if s.tied() {
		c.rules = append(c.rules, rule{why: "both are forgotten soon", parts: []statement{
			tuple.in(other.ended), tuple.learn(other.ended, s.EndedTimeout)}})
	}
	c.rules = append(c.rules, rule{why: "on its way", parts: []statement{follow(next)}})
	return c
}
