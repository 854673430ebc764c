package interceptor

import (
	"fmt"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
)

// markedChain is capture where the programs remember flows: they have marked what is
// theirs before it comes here, and write the MACs of what leaves after it was here.
func (s Spec) markedChain() []chain {
	capture := chain{name: "capture", hook: "prerouting", priority: priorityCapture, rules: []rule{
		{why: "no flow's, and no SYN", parts: []statement{markIs(0), accept()}},
	}}
	var chains []chain
	for _, vlan := range s.vlans() {
		takes := s.takeChains(vlan)
		chains = append(chains, takes...)
		capture.rules = append(capture.rules,
			rule{why: "from clients", recipe: s.brouteRecipes("dport"), parts: []statement{markIs(MarkFromClient.WithVLAN(vlan)), follow(takes[0].name)}},
			rule{why: "from servers", recipe: s.brouteRecipes("sport"), parts: []statement{markIs(MarkFromServer.WithVLAN(vlan)), follow(takes[1].name)}})
		if s.Handshake == Accept {
			capture.rules = append(capture.rules, s.askedRules(vlan)...)
		}
		capture.rules = append(capture.rules,
			rule{why: "an approved SYN, which has a slot", parts: []statement{
				markIs(MarkApproved.WithVLAN(vlan)), count(counterCaptured), follow(takes[2].name)}},
			rule{why: "a SYN that found no slot", parts: []statement{
				markIs(MarkFull.WithVLAN(vlan)), armedPort(), count(counterRefusedFull)}},
			rule{why: "it is bridged, and what was known of its tuple is forgotten", parts: []statement{
				markIs(MarkFull.WithVLAN(vlan)), count(counterBridged), accept()}},
			rule{why: "so is any other", parts: []statement{markIs(MarkAsked.WithVLAN(vlan)), count(counterBridged), accept()}})
	}
	return append(chains, capture, s.guardChain())
}

// guardChain drops what the programs will not see on its way out: neither end must ever see
// a made-up address. A port may be another one by its name, made anew, on which nothing is yet; and a frame
// whose made-up next hop is behind no port is flooded to each.
func (s Spec) guardChain() chain {
	guard := chain{name: "guard", hook: "output", priority: priorityEmit}
	for _, vlan := range s.vlans() {
		guard.rules = append(guard.rules,
			rule{why: "only by the clients' port", parts: []statement{markIs(MarkToClient.WithVLAN(vlan)), outputNot(s.LAN, s.lanIndex), drop()}},
			rule{why: "only by the servers' port", parts: []statement{markIs(MarkToServer.WithVLAN(vlan)), outputNot(s.WAN, s.wanIndex), drop()}})
	}
	return guard
}

// outputNot matches frames that leave by another interface than this one, whatever its name is.
func outputNot(name string, index int) statement {
	return statement{fmt.Sprintf("oif != %q", name), []expr.Any{
		&expr.Meta{Key: expr.MetaKeyOIF, Register: register},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: binaryutil.NativeEndian.PutUint32(uint32(index))},
	}}
}

// askedRules judge the SYNs that took a slot.
func (s Spec) askedRules(vlan uint16) []rule {
	var rules []rule
	for _, f := range s.families() {
		rules = append(rules, rule{why: "a new connection to a captured port, while armed", parts: []statement{
			markIs(MarkAsked.WithVLAN(vlan)), etherType(f, vlan), tcp(), capturedPort(clientToServer), armedPort(), jump(synName(f, vlan))}})
	}
	return rules
}

// askedChain is ask, for the mirrored handshake.
func (s Spec) askedChain() chain {
	ask := chain{name: "ask", hook: "prerouting", priority: priorityAsk, rules: []rule{
		{why: "no flow's, and no SYN", parts: []statement{markIs(0), accept()}},
	}}
	for _, vlan := range s.vlans() {
		ask.rules = append(ask.rules, s.askedRules(vlan)...)
	}
	return ask
}
