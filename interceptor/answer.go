package interceptor

// priorityAnswer comes after every usual filter.
const priorityAnswer = 300

// answerChain re-marks captured SYNs on their way into TCP, after routing: with
// net.ipv4.tcp_fwmark_accept=1 the SYN-ACK and the accepted socket of a
// listener without a mark of its own take the SYN's (net/inet_sock.h:
// inet_request_mark), and with it the VLAN the client is in.
func (s Spec) answerChain() chain {
	answer := chain{name: "answer", hook: "input", priority: priorityAnswer}
	for _, vlan := range s.vlans() {
		answer.rules = append(answer.rules, rule{
			why:   "answer to where the client is",
			parts: []statement{markIs(MarkFromClient.WithVLAN(vlan)), tcp(), syn(), setMark(MarkToClient.WithVLAN(vlan))},
		})
	}
	return answer
}
