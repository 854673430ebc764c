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
			chains = append(chains,
				chain{name: client, rules: s.toClientRules(f)},
				chain{name: server, rules: s.toServerRules(f)})
		}
		emit.rules = append(emit.rules,
			rule{why: "never show a made-up MAC", parts: []statement{markIs(MarkToClient.WithVLAN(vlan)), drop()}},
			rule{why: "never show a made-up MAC", parts: []statement{markIs(MarkToServer.WithVLAN(vlan)), drop()}})
	}
	return append(chains, emit)
}

func (s Spec) toClientRules(f family) []rule {
	tuple := tupleKey(f, serverToClient)
	closing := setClosingDown + f.suffix
	return []rule{
		{why: "as the server's side sends", parts: []statement{midway(), tuple.writeSame(setUp + f.suffix), accept()}},
		{why: "we say FIN to the client first", parts: []statement{fin(), tuple.notIn(setFinClient + f.suffix), tuple.update(setFinToClient + f.suffix)}},
		{why: "both have said FIN", parts: []statement{fin(), tuple.in(setFinClient + f.suffix), tuple.update(closing)}},
		{why: "a reset ends the flow", parts: []statement{rst(), tuple.update(closing)}},
		{why: "and nobody answers it", parts: []statement{rst(), s.over(tuple, clientLeg(f), serverLeg(f))}},
		{why: "as the server's side sends", parts: []statement{tuple.writeSame(setUp + f.suffix), accept()}},
		{why: "before the server was heard: back the way the client came", parts: []statement{tuple.writeReverse(setDown + f.suffix), accept()}},
	}
}

func (s Spec) toServerRules(f family) []rule {
	tuple, client := tupleKey(f, clientToServer), s.askedKey(f, clientToServer)
	asked, up, closing := setAsked+f.suffix, setUp+f.suffix, setClosingUp+f.suffix
	var rules []rule
	if !s.OwnPorts {
		rules = []rule{{why: "as the client sends", parts: []statement{midway(), tuple.writeSame(setDown + f.suffix), accept()}}}
	}
	rules = append(rules, []rule{
		{why: "our SYN goes where the client's went", parts: []statement{syn(), client.writeSame(asked)}},
		{why: "expect the server's answers", parts: []statement{
			syn(), client.mapped(asked), tuple.learnReverse(up), tuple.remove(closing), tuple.remove(setFinServer + f.suffix),
			tuple.remove(setFinToServer + f.suffix), accept()}},
		{why: "no slot for the answers: do not ask", parts: []statement{syn(), drop()}},
		{why: "we say FIN to the server first", parts: []statement{fin(), tuple.notIn(setFinServer + f.suffix), tuple.update(setFinToServer + f.suffix)}},
		{why: "both have said FIN", parts: []statement{fin(), tuple.in(setFinServer + f.suffix), tuple.update(closing)}},
		{why: "a reset ends the flow", parts: []statement{rst(), tuple.update(closing)}},
		{why: "and nobody answers it", parts: []statement{rst(), s.over(tuple, serverLeg(f), clientLeg(f))}},
	}...)
	if s.OwnPorts {
		return append(rules, rule{why: "back the way the server's answers come", parts: []statement{tuple.writeReverse(up), accept()}})
	}
	return append(rules,
		rule{why: "as the client sends", parts: []statement{tuple.writeSame(setDown + f.suffix), accept()}},
		rule{why: "before the client was answered: as it asked", parts: []statement{tuple.writeSame(asked), accept()}})
}
