package interceptor

// onward is how a frame goes on that is judged by a map with its tuple.
type onward struct {
	found func(name string) statement // matches if the map has the tuple
	done  statement                   // goes on behind a match
	rest  string                      // the chain to go on by where nothing was found
}

// overChain is for a frame that finds both ends of its leg to have said their last: the
// leg is over, and its slot free for the next flow at once. What ended says stays: a
// last segment may have to be sent again, its ACK still belongs to us, and frames on the
// other leg take MACs from here for as long as that goes on. When both are over, nothing
// but such late frames can come, and what ended says stays for EndedTimeout from the last.
func (s Spec) overChain(name string, tuple key, own, other leg, on onward) chain {
	c := chain{name: name + "_over"}
	if s.tied() {
		c.rules = append(c.rules, rule{why: "the other leg goes on", parts: []statement{
			on.found(other.slot), tuple.forget(own.slot), on.done}})
	}
	c.rules = append(c.rules, rule{why: "so was the other, or it never was: both are forgotten soon", parts: []statement{
		tuple.learn(own.ended, s.EndedTimeout), tuple.forget(own.slot)}})
	if s.tied() {
		c.rules = append(c.rules, rule{why: "both are forgotten soon", parts: []statement{
			on.found(other.ended), tuple.learn(other.ended, s.EndedTimeout), on.done}})
	}
	c.rules = append(c.rules, rule{why: "on its way", parts: []statement{follow(on.rest)}})
	return c
}
