package ladder

import (
	"fmt"
	"slices"
	"strings"

	"limpid/appliance/control"
)

// facts are what an end can see of the other one in a frame.
type facts struct {
	fromMAC, toMAC string
	from, to       string
	vlan           uint16
}

func (s segment) facts() facts {
	return facts{mac(s.fromMAC), mac(s.toMAC), s.from.String(), s.to.String(), s.vlan}
}

// first gives the first segment at a place, in one direction.
func (s *story) firstAt(place control.Place, out bool) (segment, bool) {
	for _, r := range s.rungs {
		if i := slices.IndexFunc(r.seen, func(seen segment) bool { return seen.place == place && seen.out == out }); i >= 0 {
			return r.seen[i], true
		}
	}
	return segment{}, false
}

// transparent compares what came in by one port with what left by the other: each end
// is to see the other one, and nothing of the box.
func (s *story) transparent() {
	var different []string
	compared := 0
	for _, way := range []struct {
		name     string
		from, to control.Place
	}{{"towards the server", control.AtClient, control.AtServer}, {"towards the client", control.AtServer, control.AtClient}} {
		in, ok := s.firstAt(way.from, false)
		if !ok {
			continue
		}
		for _, r := range s.rungs {
			for _, out := range r.seen {
				if out.place != way.to || !out.out {
					continue
				}
				compared++
				for _, d := range s.differences(in.facts(), out.facts()) {
					if text := way.name + ": " + d; !slices.Contains(different, text) {
						different = append(different, text)
					}
				}
			}
		}
	}
	switch {
	case len(different) > 0:
		s.say(control.HealthWarn, "docs/transparency.md says what may differ, and why.", "The two ports differ %s.", strings.Join(different, "; "))
	case compared > 0 && s.f.settings.KeepAddress:
		s.say(control.HealthOK, "", "In all frames each end sees the other's MAC, address and port: nothing is the box's.")
	}
	s.ttl()
}

// differences are in words; what the settings have differ is no difference.
func (s *story) differences(in, out facts) (texts []string) {
	if !s.f.settings.KeepAddress {
		return nil
	}
	for _, d := range []struct{ what, in, out string }{
		{"sender's MAC", in.fromMAC, out.fromMAC}, {"receiver's MAC", in.toMAC, out.toMAC},
		{"sender", s.name(in.from), s.name(out.from)}, {"receiver", s.name(in.to), s.name(out.to)},
		{"VLAN", fmt.Sprint(in.vlan), fmt.Sprint(out.vlan)},
	} {
		if d.in != d.out {
			texts = append(texts, fmt.Sprintf("%s %s, and not %s", d.what, d.out, d.in))
		}
	}
	return texts
}

// name takes the port that the box may choose for the client's own.
func (s *story) name(end string) string {
	if end == s.f.asker.String() && !s.f.settings.KeepPort {
		return s.f.client.String()
	}
	return end
}

// ttl says what became of it: the box's TCP sends with its own.
func (s *story) ttl() {
	text := []string{}
	for _, way := range []struct {
		name     string
		from, to control.Place
	}{{"server", control.AtClient, control.AtServer}, {"client", control.AtServer, control.AtClient}} {
		in, ok := s.firstAt(way.from, false)
		out, too := s.firstAt(way.to, true)
		if ok && too && in.ttl != out.ttl {
			text = append(text, fmt.Sprintf("%d towards the %s, where %d came in", out.ttl, way.name, in.ttl))
		}
	}
	if len(text) > 0 {
		s.say(control.HealthOK, "", "The TTL is the box's own: %s.", strings.Join(text, "; "))
	}
}

// amounts compares how many bytes came in and left, each way.
func (s *story) amounts() {
	f := s.f
	toServer, toClient := f.bytes(control.AtServer, true), f.bytes(control.AtClient, true)
	fromClient, fromServer := f.bytes(control.AtClient, false), f.bytes(control.AtServer, false)
	if fromClient == 0 && toClient == 0 || f.asksNobody() {
		return
	}
	verdict, mend := control.HealthOK, ""
	whole := len(f.fins) > 0 && f.fins[passing{control.AtClient, true}] && f.fins[passing{control.AtServer, true}]
	if whole && (fromClient != toServer || fromServer != toClient) {
		verdict, mend = control.HealthWarn, mendProcess
	}
	s.say(verdict, mend, "From the client %d bytes, to the server %d; from the server %d, to the client %d.", fromClient, toServer, fromServer, toClient)
}

// amount is how far a direction has come at a place.
type amount struct{ first, end uint32 }

// bytes is how many bytes of payload went by there, those sent again counted once.
func (f *Follower) bytes(place control.Place, out bool) uint32 {
	a, ok := f.amounts[passing{place, out}]
	if !ok {
		return 0
	}
	return a.end - a.first
}

// count keeps how far it has come; a SYN takes one number, and is no payload.
func (f *Follower) count(s segment) {
	where := passing{s.place, s.out}
	a, ok := f.amounts[where]
	if s.has(flagSYN) {
		s.seq++
	}
	switch {
	case !ok || s.has(flagSYN) && s.seq != a.first:
		a = amount{s.seq, s.seq}
	case s.has(flagRST):
		return // its number may be any
	}
	// One without payload may stand behind the number that a FIN takes.
	if end := s.seq + uint32(s.length); s.length > 0 && int32(end-a.end) > 0 {
		a.end = end
	}
	f.amounts[where] = a
}
