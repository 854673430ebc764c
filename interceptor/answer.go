package interceptor

// priorityAnswer comes after every usual filter.
const priorityAnswer = 300

// answerChain re-marks captured packets on their way into TCP, after routing,
// as what an answer to them is. A listener without a mark of its own answers
// with the SYN's, and so do the sockets it accepts (tcp_fwmark_accept,
// net/inet_sock.h: inet_request_mark); a reset that answers a packet of a flow
// nobody holds any more goes to its sender too (fwmark_reflect). The mark says
// which port, and which VLAN.
func (s Spec) answerChain() chain {
	answer := chain{name: "answer", hook: "input", priority: priorityAnswer}
	for _, vlan := range s.vlans() {
		answer.rules = append(answer.rules,
			rule{why: "answer to where the client is", parts: []statement{
				markIs(MarkFromClient.WithVLAN(vlan)), setMark(MarkToClient.WithVLAN(vlan)), accept()}},
			rule{why: "answer to where the server is", parts: []statement{
				markIs(MarkFromServer.WithVLAN(vlan)), setMark(MarkToServer.WithVLAN(vlan)), accept()}})
	}
	return answer
}
