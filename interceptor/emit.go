package interceptor

// emitChains give the frames of captured flows the MACs of their real ends on
// the way out. A frame whose MACs are not known is dropped: neither end must
// ever see a made-up address.
func (s Spec) emitChains() []chain {
	emit := chain{name: "emit", hook: "output", priority: priorityEmit}
	var chains []chain
	for _, vlan := range s.vlans() {
		for _, f := range s.families() {
			client, server := "to_client"+f.suffix+vlanSuffix(vlan), "to_server"+f.suffix+vlanSuffix(vlan)
			emit.rules = append(emit.rules,
				rule{why: "to clients", parts: []statement{markIs(MarkToClient.WithVLAN(vlan)), etherType(f, vlan), jump(client)}},
				rule{why: "to servers", parts: []statement{markIs(MarkToServer.WithVLAN(vlan)), etherType(f, vlan), jump(server)}})
			chains = append(chains, s.toClientChains(client, f)...)
			chains = append(chains, s.toServerChains(server, f)...)
		}
		emit.rules = append(emit.rules,
			rule{why: "never show a made-up MAC", parts: []statement{markIs(MarkToClient.WithVLAN(vlan)), drop()}},
			rule{why: "never show a made-up MAC", parts: []statement{markIs(MarkToServer.WithVLAN(vlan)), drop()}})
	}
	return append(chains, emit)
}

func (s Spec) toClientChains(name string, f family) []chain {
	tuple, own, other := tupleKey(f, serverToClient), clientLeg(f), serverLeg(f)
	macs := []exit{
		{"as the server's side sends", tuple.writeSame(other.slot)},
		{"its leg is over: as the server's side sent", tuple.writeSame(other.ended)},
		{"before the server was heard: back the way the client came", tuple.writeReverse(own.slot)},
	}
	left := exit{"the flow is over, and no server's frames tell its MACs: back the way the client's came", tuple.writeReverse(own.ended)}
	if s.OwnPorts {
		macs = []exit{
			{"back the way the client's frames come", tuple.writeReverse(own.slot)},
		}
	}
	var beginnings []rule
	if s.Handshake == Accept {
		// The server is asked when the client has said more than SYN.
		beginnings = []rule{{why: "no server was asked yet: back the way the client came", parts: []statement{synAck(), tuple.writeReverse(own.slot), accept()}}}
	}
	return s.outChains(name, tuple, own, other, beginnings, macs, left)
}

func (s Spec) toServerChains(name string, f family) []chain {
	tuple, own, other := tupleKey(f, clientToServer), serverLeg(f), clientLeg(f)
	client, expected := s.askedKey(f, clientToServer), s.expected(f)
	macs := []exit{{"as the client sends", tuple.writeSame(other.slot)}}
	if s.learnsAsked() {
		macs = append(macs, exit{"before the client was answered: as it asked", tuple.writeSame(expected)})
	}
	macs = append(macs, exit{"its leg is over: as the client sent", tuple.writeSame(other.ended)})
	left := exit{"the flow is over, and no client's frames tell its MACs: back the way the server's came", tuple.writeReverse(own.ended)}
	expect := []statement{syn(), client.writeSame(expected)}
	switch {
	case s.OwnPorts:
		macs = []exit{
			{"back the way the server's answers come", tuple.writeReverse(own.slot)},
		}
		expect = append(expect, tuple.learnReverse(own.slot, s.OpeningTimeout))
	case s.learnsAsked():
		expect = append(expect, client.learn(expected, 0))
	}
	return s.outChains(name, tuple, own, other, []rule{
		{why: "our SYN goes where the client's went; expect the server's answers", parts: append(expect, tuple.forget(own.ended), tuple.remove(own.said), accept())},
		{why: "its answers could not be told: do not ask", parts: []statement{syn(), drop()}},
	}, macs, left)
}

// exit is a way out for a frame: the MACs it gets there.
type exit struct {
	why   string
	write statement
}

// outChains are the chains for what we send on one leg: nearly all frames find
// their MACs by the first of the exits. left is the last way out, when all that is
// left of the flow is where the frames of its own peer came from.
func (s Spec) outChains(name string, tuple key, own, other leg, beginnings []rule, exits []exit, left exit) []chain {
	macs, less, reset, both, over := name+"_macs", name+"_less", name+"_reset", name+"_both", name+"_over"
	rules := append([]rule{
		{why: exits[0].why, parts: []statement{midway(), exits[0].write, accept()}},
		{why: "by what else is known", parts: []statement{midway(), follow(less)}},
	}, beginnings...)
	rules = append(rules,
		rule{why: "over, or not ours", parts: []statement{tuple.notIn(own.slot), follow(macs)}},
		rule{why: "broken off", parts: []statement{rst(), follow(reset)}},
		rule{why: own.peer + " has said its last, and so do we", parts: []statement{endOf(), tuple.in(own.ended), follow(over)}},
		rule{why: "we say our last to " + own.peer, parts: []statement{endOf(), tuple.update(own.said), follow(both)}},
		s.unnoted(endOf(), tuple, own),
		rule{why: "on its way", parts: []statement{follow(macs)}})
	broken := chain{name: reset}
	for _, w := range exits {
		broken.rules = append(broken.rules, rule{why: "what still comes, comes the way this frame goes",
			parts: []statement{tuple.notIn(own.ended), w.write, tuple.learnReverse(own.ended, 0)}})
	}
	broken.rules = append(broken.rules, s.unnoted(tuple.notIn(own.ended), tuple, own),
		rule{why: "for frames that other processors judge just now", parts: []statement{tuple.shorten(own.said, s.EndedTimeout)}},
		rule{why: "a reset ends both ways", parts: []statement{tuple.in(own.ended), follow(over)}},
		rule{why: "on its way", parts: []statement{follow(macs)}})
	known := chain{name: less}
	for _, w := range append(exits[1:], left) {
		known.rules = append(known.rules, rule{why: w.why, parts: []statement{w.write, accept()}})
	}
	all := chain{name: macs, rules: []rule{
		{why: exits[0].why, parts: []statement{exits[0].write, accept()}},
		{why: "by what else is known", parts: []statement{follow(less)}},
	}}
	return []chain{known, all, s.overChain(name, tuple, own, other, onward{tuple.writeSame, accept(), less}),
		{name: both, rules: []rule{
			// Noted before it is compared: where two processors see the two ends at once, one
			// of them sees both.
			{why: own.peer + " just did too", parts: []statement{tuple.in(own.ended), follow(over)}},
			{why: "on its way", parts: []statement{follow(macs)}},
		}},
		broken, {name: name, rules: rules}}
}
