package interceptor

import "net/netip"

// Priorities of the bridge hooks: the SYN is judged before anything is captured.
const (
	priorityAsk     = -310
	priorityCapture = -300
	priorityEmit    = -300
)

// askChains judge the SYNs of new connections: they learn the MACs of both
// ends and let the gate decide. Where the kernel answers at once (accept) they have
// no hook of their own, which every frame would meet: the chains of the clients'
// frames jump there.
func (s Spec) askChains() []chain {
	var chains []chain
	for _, vlan := range s.vlans() {
		for _, f := range s.families() {
			chains = append(chains, chain{name: synName(f, vlan), rules: s.synRules(f, vlan)})
		}
	}
	switch {
	case s.Handshake != Mirror:
	case s.Memory == Programs:
		chains = append(chains, s.askedChain())
	default:
		chains = append(chains, s.askChain())
	}
	return chains
}

func (s Spec) askChain() chain {
	ask := chain{name: "ask", hook: "prerouting", priority: priorityAsk, rules: []rule{
		// These two let nearly every frame go: each rule costs every frame that meets it.
		{why: "only clients are asked about", parts: []statement{iifnameNot(s.LAN), accept()}},
		{why: "and only their SYNs", parts: []statement{tcp(), notSYN(), accept()}},
		passRule(), s.managementRule(),
	}}
	for _, vlan := range s.vlans() {
		for _, f := range s.families() {
			ask.rules = append(ask.rules, rule{
				why: "a new connection to a captured port, while armed",
				parts: []statement{iifname(s.LAN), etherType(f, vlan), wholeTCP(f), capturedPort(clientToServer), syn(),
					armedPort(), jump(synName(f, vlan))},
			})
		}
	}
	return ask
}

// synName is the chain that judges SYNs.
func synName(f family, vlan uint16) string { return "syn" + f.suffix + vlanSuffix(vlan) }

func (s Spec) synRules(f family, vlan uint16) []rule {
	var rules []rule
	if f.suffix == "6" {
		// Such an address means nothing without an interface (RFC 4007), and the
		// proxy's sockets have none.
		local := netip.MustParsePrefix("fe80::/10")
		rules = append(rules,
			rule{why: "link-local: never captured", parts: []statement{within(f, "saddr", f.saddr, local), leave()}},
			rule{why: "link-local: never captured", parts: []statement{within(f, "daddr", f.daddr, local), leave()}})
	}
	// A rule each, not a set: configured pairs may overlap, and there are few.
	for _, p := range s.Bypass {
		p = p.whole()
		if p.Client.Addr().BitLen() == f.bits {
			rules = append(rules, rule{why: "never captured", parts: []statement{
				within(f, "saddr", f.saddr, p.Client), within(f, "daddr", f.daddr, p.Server), leave()}})
		}
	}
	key, asked := s.askedKey(f, clientToServer), setAsked+f.suffix
	var known []statement
	if s.learnsAsked() {
		rules = append(rules, rule{why: "learn the MACs of both ends, for the frames to the server",
			parts: []statement{key.forget(asked), key.learn(asked, 0)}})
		known = []statement{key.mapped(asked)}
	}
	if s.Handshake == Mirror {
		return append(rules, rule{why: "ask the gate; nobody there: bridge", parts: append(known, askQueue(s.Queue))})
	}
	return append(rules, rule{why: "the kernel answers for the server", parts: append(known, setMark(MarkApproved.WithVLAN(vlan)))})
}

// passRule lets what can never be captured leave a chain at its first rule: it
// is most of what crosses, and each rule costs every frame that meets it.
func passRule() rule {
	return rule{why: "nothing to look for here", parts: []statement{otherPorts(setPorts), accept()}}
}

// managementRule keeps the box's own address reachable: frames addressed to
// the bridge itself are never captured.
func (s Spec) managementRule() rule {
	return rule{why: "the box's own address is never captured", parts: []statement{etherDstIs(s.mac(), s.mac().String()), accept()}}
}

func (s Spec) vlans() []uint16 { return append([]uint16{0}, s.VLANs...) }
