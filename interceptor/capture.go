package interceptor

import "fmt"

// captureChains take approved SYNs and the packets of known flows off the
// bridge; everything else falls through and is bridged.
func (s Spec) captureChains() []chain {
	capture := chain{name: "capture", hook: "prerouting", priority: priorityCapture, rules: []rule{passRule(), s.managementRule()}}
	var chains []chain
	for _, vlan := range s.vlans() {
		takeLAN, takeWAN := "take_lan"+vlanSuffix(vlan), "take_wan"+vlanSuffix(vlan)
		chains = append(chains,
			chain{name: takeLAN, rules: []rule{s.take(MarkFromClient, vlan, s.Capture)}},
			chain{name: takeWAN, rules: []rule{s.take(MarkFromServer, vlan, s.Capture)}},
			// After a queue verdict the bridge no longer looks at broute
			// (net/bridge/br_input.c: nf_hook_bridge_pre), so a SYN is redirected.
			chain{name: "take_syn" + vlanSuffix(vlan), rules: []rule{s.take(MarkFromClient, vlan, Redirect)}})
		for _, f := range s.families() {
			lan, wan := "lan"+f.suffix+vlanSuffix(vlan), "wan"+f.suffix+vlanSuffix(vlan)
			capture.rules = append(capture.rules,
				rule{why: "from clients",
					recipe: s.brouteRecipe(f, "dport"),
					parts:  []statement{iifname(s.LAN), etherType(f, vlan), wholeTCP(f), tcpPortIn(clientToServer, setPorts), jump(lan)}},
				rule{why: "from servers",
					recipe: s.brouteRecipe(f, "sport"),
					parts:  []statement{iifname(s.WAN), etherType(f, vlan), wholeTCP(f), tcpPortIn(serverToClient, setPorts), jump(wan)}})
			chains = append(chains,
				chain{name: lan + "_edge", rules: s.lanRules(f, vlan, takeLAN)},
				chain{name: lan, rules: s.midwayRules(tupleKey(f, clientToServer), clientLeg(f), serverLeg(f), takeLAN, lan+"_edge")},
				chain{name: wan + "_edge", rules: s.wanRules(f, takeWAN)},
				chain{name: wan, rules: s.midwayRules(tupleKey(f, serverToClient), serverLeg(f), clientLeg(f), takeWAN, wan+"_edge")})
		}
	}
	return append(chains, capture)
}

// midwayRules are what most packets of a flow meet: the fewer the better. The
// beginnings and ends of connections go on to edge.
func (s Spec) midwayRules(tuple key, own, other legSets, take, edge string) []rule {
	return []rule{
		{why: "data of a flow that goes on: keep the slot", parts: []statement{
			pushed(), tuple.in(own.slot), tuple.learn(own.slot, 0), follow(take)}},
		{why: "a beginning or an end", parts: []statement{edgeOf(), follow(edge)}},
		{why: "a flow that is over gives its slots back soon", parts: []statement{s.over(tuple, own, other), follow(take)}},
		{why: "keep the slot", parts: []statement{tuple.in(own.slot), tuple.learn(own.slot, 0), follow(take)}},
		// A flow that did not begin here is bridged.
	}
}

func (s Spec) lanRules(f family, vlan uint16, take string) []rule {
	tuple := tupleKey(f, clientToServer)
	down, up, asked := setDown+f.suffix, setUp+f.suffix, setAsked+f.suffix
	closing := setClosingDown + f.suffix
	approved := markIs(MarkApproved.WithVLAN(vlan))
	return []rule{
		{why: "an approved SYN takes a slot, if there is one", parts: []statement{
			syn(), approved, tuple.learn(down, 0), tuple.remove(closing), tuple.remove(setFinClient + f.suffix),
			tuple.remove(setFinToClient + f.suffix), count(counterCaptured), follow("take_syn" + vlanSuffix(vlan))}},
		{why: "an approved SYN that found no slot", parts: []statement{syn(), approved, count(counterRefusedFull)}},
		{why: "any other SYN is bridged, and what was known of its tuple is forgotten", parts: []statement{
			syn(), tuple.forget(down), tuple.forget(up), s.askedKey(f, clientToServer).forget(asked), count(counterBridged), leave()}},
		{why: "a flow that did not begin here is bridged", parts: []statement{tuple.notIn(down), leave()}},
		{why: "the client says FIN first", parts: []statement{fin(), tuple.notIn(setFinToClient + f.suffix), tuple.update(setFinClient + f.suffix)}},
		{why: "both have said FIN", parts: []statement{fin(), tuple.in(setFinToClient + f.suffix), tuple.update(closing)}},
		{why: "a reset ends the flow", parts: []statement{rst(), tuple.update(closing)}},
		{why: "a flow that is over gives its slots back soon", parts: []statement{
			s.over(tuple, clientLeg(f), serverLeg(f)), follow(take)}},
		{why: "keep the slot", parts: []statement{tuple.learn(down, 0)}},
		{why: "capture", parts: []statement{follow(take)}},
	}
}

func (s Spec) wanRules(f family, take string) []rule {
	tuple := tupleKey(f, serverToClient)
	up, closing := setUp+f.suffix, setClosingUp+f.suffix
	return []rule{
		{why: "a flow that did not begin here is bridged", parts: []statement{tuple.notIn(up), leave()}},
		{why: "which MACs the server's side answers with", parts: []statement{synAck(), tuple.forget(up), tuple.learn(up, 0), follow(take)}},
		{why: "the server says FIN first", parts: []statement{fin(), tuple.notIn(setFinToServer + f.suffix), tuple.update(setFinServer + f.suffix)}},
		{why: "both have said FIN", parts: []statement{fin(), tuple.in(setFinToServer + f.suffix), tuple.update(closing)}},
		{why: "a reset ends the flow", parts: []statement{rst(), tuple.update(closing)}},
		{why: "a flow that is over gives its slots back soon", parts: []statement{
			s.over(tuple, serverLeg(f), clientLeg(f)), follow(take)}},
		{why: "keep the slot", parts: []statement{tuple.learn(up, 0)}},
		{why: "capture", parts: []statement{follow(take)}},
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
