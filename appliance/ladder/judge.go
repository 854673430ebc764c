package ladder

import (
	"fmt"
	"strings"

	"limpid/appliance/control"
)

// story collects what was found, in the order in which it happened.
type story struct {
	*picture
	f     *Follower
	steps []control.LadderStep
}

func (s *story) say(v control.Health, mend, format string, a ...any) {
	s.steps = append(s.steps, control.LadderStep{Verdict: v, Text: fmt.Sprintf(format, a...), Mend: mend})
}

// when is the time of a rung's last sighting: when it left, or was handed on.
func (s *story) when(r *rung) string { return s.stamp(r.seen[len(r.seen)-1]) }

// stamp is a time for people, after the first SYN.
func (s *story) stamp(seen segment) string {
	return fmt.Sprintf("%+.2f ms", float64(s.after(seen.at))/1000)
}

// What is to be looked at where it broke.
const (
	mendServer  = "Ask the server from another place; look at the cable of the servers' port, the way there, and its firewall."
	mendProcess = "limpid doctor looks at gate, proxy and health; limpid's log says what happened."
	mendRules   = "limpid doctor looks at rules, routing and sysctls."
	mendClient  = "Look at the cable of the clients' port, and at a firewall on the client."
	mendSides   = "Look whether the two cables are exchanged: bridge.ports names the clients' port first."
)

// judge says what became of the connection, and what was found on the way.
func (f *Follower) judge(p *picture) (control.Captured, []control.LadderStep) {
	s := &story{picture: p, f: f}
	opens := func(r *rung) bool { return r.opens() && r.segment.from == f.client }
	captured, bridged := p.at(control.EndClient, control.EndBox, opens), p.at(control.EndClient, control.EndServer, opens)
	switch {
	case f.wrongSide:
		s.fromServers()
		return control.CapturedNo, s.steps
	case captured != nil:
		s.say(control.HealthOK, "", "The client's SYN came in at %s, and the bridge gave it to the box's own TCP: captured.", captured.seen[0].device)
		s.captured()
		return control.CapturedYes, s.steps
	case bridged != nil:
		s.bridged(bridged)
		return control.CapturedNo, s.steps
	}
	if s.at(control.EndBox, "", func(r *rung) bool { return r.opens() && r.segment.to == f.server }) != nil {
		s.say(control.HealthOK, "", "The client's SYN came in, and waits until the server has answered the box: the handshake is mirrored.")
		if s.server() {
			s.say(control.HealthFail, mendProcess, "The client's SYN was neither captured nor bridged then.")
		}
		return control.CapturedNo, s.steps
	}
	s.say(control.HealthFail, mendRules, "The client's SYN came in %s and went nowhere: it was neither captured nor bridged.",
		times(s.count(control.EndClient, lost, opens)))
	return control.CapturedNo, s.steps
}

func (s *story) fromServers() {
	s.say(control.HealthWarn, mendSides, "It was opened from the servers' side: its SYN came in by the servers' port. Only what clients open is captured.")
}

// bridged tells of one that was left on the bridge. Why, others know.
func (s *story) bridged(syn *rung) {
	s.say(control.HealthWarn, "", "The client's SYN was bridged, not captured: it left by %s at %s as it came in.", syn.seen[len(syn.seen)-1].device, s.when(syn))
	if asked := s.at(control.EndBox, control.EndServer, func(r *rung) bool { return r.opens() }); asked != nil {
		s.say(control.HealthOK, "", "Before, at %s, the box had asked the server as the client, and got no answer that it could pass on.", s.when(asked))
	}
	reply := s.at(control.EndServer, "", func(*rung) bool { return true })
	switch {
	case reply == nil:
		n := s.count(control.EndClient, control.EndServer, func(r *rung) bool { return r.opens() })
		s.say(control.HealthFail, mendServer, "SYN left for the server %s and nothing came back: server or route down.", times(n))
	case reply.has(flagRST):
		s.say(control.HealthWarn, mendServer, "The server refused at %s.", s.stamp(reply.seen[0]))
	default:
		s.say(control.HealthOK, "", "The server answered at %s, over the bridge too.", s.stamp(reply.seen[0]))
	}
}

// captured tells of one that the box has taken.
func (s *story) captured() {
	s.server()
	s.client()
	s.heads()
	s.closing()
	s.transparent()
	s.amounts()
}

// server tells how the server was asked, and says whether it has answered.
func (s *story) server() bool {
	asks := func(r *rung) bool { return r.opens() && r.segment.to == s.f.server }
	asked := s.at(control.EndBox, control.EndServer, asks)
	if asked == nil {
		switch {
		case s.at(control.EndBox, lost, asks) != nil:
			s.say(control.HealthFail, mendRules, "The box asked the server, and its SYN did not leave by the servers' port.")
		case s.f.answered:
			s.say(control.HealthOK, "", "The client was answered without asking the server.")
		default:
			s.say(control.HealthFail, mendProcess, "The box has not asked the server.")
		}
		return false
	}
	s.say(control.HealthOK, "", "The box asked the server at %s, %s.", s.when(asked), s.as(asked.segment))
	reply := s.at(control.EndServer, "", func(*rung) bool { return true })
	if reply == nil {
		s.say(control.HealthFail, mendServer, "SYN left for the server %s and nothing came back: server or route down.",
			times(s.count(control.EndBox, control.EndServer, asks)))
		return false
	}
	_, to := reply.ends()
	switch {
	case reply.has(flagRST):
		s.say(control.HealthWarn, mendServer, "The server refused at %s: nothing listens there, or a firewall says so.", s.stamp(reply.seen[0]))
		return false
	case to == lost:
		s.say(control.HealthFail, mendRules, "The server answered at %s, and the answer was not given to the box's TCP.", s.stamp(reply.seen[0]))
	case to == control.EndClient:
		s.say(control.HealthFail, mendRules, "The server answered at %s, and the answer was bridged to the client, who has not asked for it.", s.stamp(reply.seen[0]))
	default:
		s.say(control.HealthOK, "", "The server answered at %s.", s.when(reply))
	}
	return true
}

// as says by which name the box asks.
func (s *story) as(asked segment) string {
	switch {
	case asked.from == s.f.client:
		return "with the client's own address and port"
	case asked.from.Addr() == s.f.client.Addr():
		return fmt.Sprintf("with the client's own address, and port %d in place of %d (proxy.client_port)", asked.from.Port(), s.f.client.Port())
	}
	return fmt.Sprintf("with its own address, %v (intercept.mode)", asked.from)
}

// client tells how the client's handshake ended.
func (s *story) client() {
	syn := func(r *rung) bool { return r.has(flagSYN | flagACK) }
	answer := s.at(control.EndBox, control.EndClient, syn)
	switch {
	case answer == nil && s.at(control.EndBox, lost, syn) != nil:
		s.say(control.HealthFail, mendRules, "The box answered the client, and its SYN ACK did not leave by the clients' port.")
	case answer == nil && s.at(control.EndBox, control.EndClient, func(r *rung) bool { return r.has(flagRST) }) != nil:
		// closing tells of it.
	case answer == nil:
		s.say(control.HealthFail, mendProcess, "The client's SYN was not answered.")
	case s.at(control.EndClient, control.EndBox, func(r *rung) bool { return r.has(flagACK) || r.has(flagRST) }) == nil:
		s.say(control.HealthFail, mendClient, "The client was answered %s, first at %s, and nothing more came from it.",
			times(s.count(control.EndBox, control.EndClient, syn)), s.when(answer))
	default:
		s.say(control.HealthOK, "", "The client was answered at %s, with the server's address and port.", s.when(answer))
	}
}

// heads tell of the first request and the first response.
func (s *story) heads() {
	request := s.at(control.EndClient, control.EndBox, func(r *rung) bool { return r.head != "" })
	if request == nil {
		if s.at(control.EndClient, control.EndBox, func(r *rung) bool { return r.length > 0 }) != nil {
			s.say(control.HealthOK, "", "The client sent something that begins with no head of HTTP/1.")
		}
		return
	}
	on := s.at(control.EndBox, control.EndServer, func(r *rung) bool { return r.head == request.head })
	if on != nil {
		s.say(control.HealthOK, "", "The client asked for %q at %s, and that left for the server at %s.", request.head, s.stamp(request.seen[0]), s.when(on))
	} else {
		s.say(control.HealthOK, "", "The client asked for %q at %s; that was not seen to leave for the server.", request.head, s.stamp(request.seen[0]))
	}
	isResponse := func(r *rung) bool { return strings.HasPrefix(r.head, "HTTP/") }
	from, back := s.at(control.EndServer, control.EndBox, isResponse), s.at(control.EndBox, control.EndClient, isResponse)
	switch {
	case from != nil && back != nil && from.head == back.head:
		s.say(control.HealthOK, "", "The server said %q at %s, and that left for the client at %s.", from.head, s.stamp(from.seen[0]), s.when(back))
	case from != nil && back != nil:
		s.say(control.HealthWarn, "", "The server said %q at %s, and the client was told %q at %s.", from.head, s.stamp(from.seen[0]), back.head, s.when(back))
	case back != nil:
		s.say(control.HealthOK, "", "The box told the client %q at %s.", back.head, s.when(back))
	case from != nil:
		s.say(control.HealthWarn, mendProcess, "The server said %q at %s, and that was not seen to leave for the client.", from.head, s.stamp(from.seen[0]))
	case on != nil:
		s.say(control.HealthWarn, "The server has the request: its own log may say what it does.", "No response came while it was followed.")
	}
}

// closing tells how it ended.
func (s *story) closing() {
	if reset := s.at("", "", func(r *rung) bool { return r.has(flagRST) }); reset != nil {
		from, to := reset.ends()
		if to == lost {
			to = s.heading(reset)
		}
		who := map[control.End]string{control.EndClient: "The client", control.EndServer: "The server", control.EndBox: "The box"}[from]
		s.say(control.HealthWarn, "", "%s reset the connection at %s, towards the %s.", who, s.stamp(reset.seen[0]), to)
		return
	}
	fin := func(r *rung) bool { return r.has(flagFIN) }
	client, server := s.at(control.EndClient, control.EndBox, fin), s.at(control.EndServer, control.EndBox, fin)
	switch {
	case client != nil && server != nil && !client.seen[0].at.After(server.seen[0].at):
		s.say(control.HealthOK, "", "The client closed at %s, and the server at %s; each was told of the other.", s.stamp(client.seen[0]), s.stamp(server.seen[0]))
	case client != nil && server != nil:
		s.say(control.HealthOK, "", "The server closed at %s, and the client at %s; each was told of the other.", s.stamp(server.seen[0]), s.stamp(client.seen[0]))
	case client != nil:
		s.say(control.HealthOK, "", "The client closed at %s; the server has not, so far.", s.stamp(client.seen[0]))
	case server != nil:
		s.say(control.HealthOK, "", "The server closed at %s; the client has not, so far.", s.stamp(server.seen[0]))
	default:
		s.say(control.HealthOK, "", "It was still open when it was last looked at.")
	}
}

// times counts.
func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}
