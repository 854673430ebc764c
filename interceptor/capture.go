package interceptor

import "fmt"

// captureChains take approved SYNs and the packets of known flows off the
// bridge; everything else falls through and is bridged.
func (s Spec) captureChains() []chain {
	capture := chain{name: "capture", hook: "prerouting", priority: priorityCapture, rules: []rule{passRule(), s.managementRule()}}
	var chains []chain
	for _, vlan := range s.vlans() {
		takes := s.takeChains(vlan)
		takeLAN, takeWAN := takes[0].name, takes[1].name
		chains = append(chains, takes...)
		for _, f := range s.families() {
			lan, wan, icmp := "lan"+f.suffix+vlanSuffix(vlan), "wan"+f.suffix+vlanSuffix(vlan), "icmp"+f.suffix+vlanSuffix(vlan)
			capture.rules = append(capture.rules,
				rule{why: "from clients",
					recipe: s.brouteRecipe(f, "dport"),
					parts:  []statement{iifname(s.LAN), etherType(f, vlan), wholeTCP(f), capturedPort(clientToServer), jump(lan)}},
				rule{why: "from servers",
					recipe: s.brouteRecipe(f, "sport"),
					parts:  []statement{iifname(s.WAN), etherType(f, vlan), wholeTCP(f), capturedPort(serverToClient), jump(wan)}},
				rule{why: "what routers say of captured flows", parts: []statement{etherType(f, vlan), wholeICMP(f), jump(icmp)}})
			toServer, toClient := tupleKey(f, clientToServer), tupleKey(f, serverToClient)
			chains = append(chains, s.legChains(lan, takeLAN, toServer, clientLeg(f), serverLeg(f), s.clientBeginning(f, vlan))...)
			chains = append(chains, s.legChains(wan, takeWAN, toClient, serverLeg(f), clientLeg(f), s.serverBeginning(f, wan, takeWAN))...)
			chains = append(chains, s.errorChain(icmp, f, takeLAN, takeWAN))
		}
	}
	return append(chains, capture)
}

// beginning are the rules of a leg for the first frames of a connection.
type beginning struct {
	edge  []rule // for those that may begin or end one
	never []rule // for those of them that neither begin one nor belong to one that has an end noted
	first []rule // for all others, where neither slot nor end is known
}

// notBegun bridges what belongs to no flow of ours.
func notBegun() rule {
	return rule{why: "a flow that did not begin here is bridged", parts: []statement{leave()}}
}

// legChains are the chains for what comes in on one leg. Most frames meet only
// the first rule or two; what may begin or end a connection goes on to the edge
// chain.
func (s Spec) legChains(name, take string, tuple key, own, other leg, begin beginning) []chain {
	edge, reset, ended, late, over, both, keep := name+"_edge", name+"_reset", name+"_ended", name+"_late", name+"_over", name+"_both", name+"_keep"
	live := []statement{tuple.in(own.slot), tuple.notIn(own.ended), follow(keep)}
	chains := append([]chain{s.overChain(name, tuple, own, other, onward{tuple.in, follow(take), take})}, s.endedChains(name, tuple, own, other, take, begin.first)...)
	edges := append(begin.edge,
		rule{why: "broken off", parts: []statement{rst(), tuple.in(own.slot), follow(reset)}},
		rule{why: "over, or half closed", parts: []statement{tuple.in(own.ended), follow(late)}})
	return append(chains,
		chain{name: both, rules: []rule{
			{why: "and we have", parts: []statement{tuple.in(own.said), tuple.shorten(own.said, s.EndedTimeout), follow(over)}},
			{why: "capture", parts: []statement{follow(take)}},
		}},
		// Between a frame's look at its slot and its keeping it, another processor may judge
		// a last frame of the leg and free the slot. So the end is looked for once more:
		// where ours was noted too, the leg is over after all; else the slot, which may have
		// come back by this, lives no longer than a half-open one.
		chain{name: keep, rules: []rule{
			{why: "keep the slot", parts: []statement{tuple.learn(own.slot, 0), tuple.notIn(own.ended), follow(take)}},
			{why: "its end was noted just now, and perhaps it was freed: keep it for a shorter time", parts: []statement{
				tuple.in(own.ended), tuple.learn(own.slot, s.OpeningTimeout), follow(both)}},
			{why: "capture", parts: []statement{follow(take)}},
		}},
		chain{name: reset, rules: []rule{
			{why: "for frames that other processors judge just now", parts: []statement{tuple.shorten(own.said, s.EndedTimeout)}},
			{why: "a reset ends both ways; remember where frames come from", parts: []statement{tuple.learn(own.ended, 0), follow(over)}},
			s.unnoted(rst(), tuple, own),
			{why: "capture", parts: []statement{follow(take)}},
		}},
		chain{name: edge, rules: append(append(edges, begin.never...),
			rule{why: own.peer + " has said its last; remember where its frames come from", parts: []statement{
				endOf(), tuple.learn(own.slot, s.halfClosed()), tuple.learn(own.ended, 0), follow(both)}},
			s.unnoted(endOf(), tuple, own),
			rule{why: "capture", parts: []statement{follow(take)}},
		)},
		chain{name: name, rules: []rule{
			{why: "data", parts: append([]statement{pushed()}, live...)},
			{why: "a beginning or an end", parts: []statement{edgeOf(), follow(edge)}},
			{why: "in between", parts: live},
			{why: "ending, over, or never ours", parts: []statement{follow(ended)}},
		}})
}

// endedChains take the frames of ends that have said FIN, and of flows that are
// over. others are the rules for frames of any other flow.
func (s Spec) endedChains(name string, tuple key, own, other leg, take string, others []rule) []chain {
	late, both := name+"_late", name+"_both"
	over := rule{why: "over", parts: []statement{tuple.notIn(own.slot)}}
	if s.tied() {
		over.why += ", and so is the other leg, or it never was"
		over.parts = append(over.parts, tuple.notIn(other.slot))
	}
	over.parts = append(over.parts, tuple.learn(own.ended, s.EndedTimeout), follow(take))
	return []chain{
		{name: late, rules: []rule{
			over,
			{why: "keep what is known", parts: []statement{tuple.learn(own.ended, 0), tuple.in(own.slot), follow(both)}},
			{why: "over, or no room for it", parts: []statement{follow(take)}},
		}},
		{name: name + "_ended", rules: append([]rule{
			{why: own.peer + " has said its last", parts: []statement{tuple.in(own.ended), follow(late)}},
		}, others...)},
	}
}

// clientBeginning is for the clients' SYNs.
func (s Spec) clientBeginning(f family, vlan uint16) beginning {
	tuple, client, server := tupleKey(f, clientToServer), clientLeg(f), serverLeg(f)
	approved := markIs(MarkApproved.WithVLAN(vlan))
	forgotten := []statement{syn(), tuple.forget(client.slot), tuple.forget(client.ended), tuple.forget(server.slot), tuple.forget(server.ended)}
	if s.learnsAsked() {
		forgotten = append(forgotten, s.askedKey(f, clientToServer).forget(setAsked+f.suffix))
	}
	var judged []rule
	if s.Handshake == Accept {
		judged = []rule{{why: "a new connection, while armed", parts: []statement{syn(), armedPort(), jump(synName(f, vlan))}}}
	}
	never := []rule{{why: "never ours", parts: []statement{tuple.notIn(client.slot), leave()}}}
	return beginning{first: []rule{notBegun()}, never: never, edge: append(judged,
		rule{why: "an approved SYN takes a slot, if there is one", parts: []statement{
			syn(), approved, tuple.learn(client.slot, s.OpeningTimeout), tuple.forget(client.ended), tuple.remove(client.said),
			count(counterCaptured), follow("take_syn" + vlanSuffix(vlan))}},
		rule{why: "an approved SYN that found no slot", parts: []statement{syn(), approved, count(counterRefusedFull)}},
		rule{why: "any other SYN is bridged, and what was known of its tuple is forgotten", parts: append(forgotten, count(counterBridged), leave())},
	)}
}

// serverBeginning is for the servers' answers to our SYNs. Where those have the
// clients' tuples, what was asked is what is expected, and the slot is taken by
// the first answer: one for which there is no room is captured all the same, and the
// next one tries again.
// With ports of its own our SYN has taken the slot.
func (s Spec) serverBeginning(f family, name, take string) beginning {
	tuple, server, expected := tupleKey(f, serverToClient), serverLeg(f), s.expected(f)
	if s.OwnPorts {
		return beginning{
			edge: []rule{
				{why: "which MACs the server's side answers with", parts: []statement{
					synAck(), tuple.in(server.slot), tuple.forget(server.slot), tuple.learn(server.slot, 0), follow(take)}},
			},
			never: []rule{{why: "never ours", parts: []statement{tuple.notIn(server.slot), leave()}}},
			first: []rule{notBegun()},
		}
	}
	return beginning{
		edge: []rule{
			{why: "which MACs the server's side answers with", parts: []statement{
				synAck(), tuple.in(expected), tuple.forget(server.slot), tuple.learn(server.slot, 0), follow(take)}},
			{why: "no slot now: the next frame tries again", parts: []statement{synAck(), tuple.in(expected), follow(take)}},
		},
		never: []rule{
			{why: "never ours", parts: []statement{tuple.notIn(expected), tuple.notIn(server.slot), leave()}},
			{why: "no connection was made", parts: []statement{rst(), follow(name + "_reset")}},
		},
		first: []rule{
			{why: "a flow that did not begin here is bridged", parts: []statement{tuple.notIn(expected), leave()}},
			{why: "an answer to our SYN", parts: []statement{tuple.learn(server.slot, s.OpeningTimeout), follow(take)}},
			{why: "no slot now: the next frame tries again", parts: []statement{follow(take)}},
		},
	}
}

// takeChains take what comes from clients, from servers, and SYNs.
func (s Spec) takeChains(vlan uint16) []chain {
	return []chain{
		{name: "take_lan" + vlanSuffix(vlan), rules: []rule{s.take(MarkFromClient, vlan, s.Capture)}},
		{name: "take_wan" + vlanSuffix(vlan), rules: []rule{s.take(MarkFromServer, vlan, s.Capture)}},
		// After a queue verdict the bridge no longer looks at broute
		// (net/bridge/br_input.c: nf_hook_bridge_pre), so a SYN is redirected.
		{name: "take_syn" + vlanSuffix(vlan), rules: []rule{s.take(MarkFromClient, vlan, Redirect)}},
	}
}

// take marks the frame and gives it to IP input instead of the bridge. A
// tagged frame is redirected in any case: routed up from the port, it would
// look for a VLAN device there.
func (s Spec) take(mark Mark, vlan uint16, how Capture) rule {
	parts := []statement{setMark(mark.WithVLAN(vlan))}
	if how == Broute && vlan == 0 {
		parts = append(parts, broute())
	} else {
		parts = append(parts, setEtherDst(s.mac(), s.mac().String()))
	}
	return rule{why: "off the bridge, into IP input", parts: append(parts, pkttypeHost(), accept())}
}

func vlanSuffix(id uint16) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf("_v%d", id)
}
