package ladder

import (
	"net"
	"net/netip"
	"slices"
	"time"

	"limpid/appliance/control"
)

// leg is one of the two connections that a captured one is made of, and the same one
// twice where it was bridged.
type leg uint8

const (
	clientLeg leg = iota
	serverLeg
)

// stream is one direction of a leg.
type stream struct {
	leg  leg
	from netip.AddrPort
}

// rung is a segment with all of its sightings, the first one first.
type rung struct {
	segment
	seen   []segment
	frames []int // that each sighting was cut into
	again  bool
}

// picture is what was seen, lined up.
type picture struct {
	rungs  []*rung
	opened time.Time
	first  map[stream][]uint32 // sequence numbers of SYNs, or of what came first
	legOf  func(segment) leg
}

// lineUp puts what is the same segment into one rung.
func (f *Follower) lineUp() *picture {
	p := &picture{opened: f.opened, first: map[stream][]uint32{}, legOf: f.legOf}
	all := slices.Clone(f.segments)
	slices.SortStableFunc(all, func(a, b segment) int { return a.at.Compare(b.at) })
	ends := map[stream]uint32{}
	for _, s := range all {
		p.noteFirst(s)
		if p.continues(s) {
			continue
		}
		r := &rung{segment: s, seen: []segment{s}, frames: []int{1}}
		where := stream{f.legOf(s), s.from}
		if end, ok := ends[where]; s.seqs() > 0 {
			r.again = ok && int32(s.seq+s.seqs()-end) <= 0
			if !r.again {
				ends[where] = s.seq + s.seqs()
			}
		}
		p.rungs = append(p.rungs, r)
	}
	return p
}

func (f *Follower) legOf(s segment) leg {
	switch s.place {
	case control.AtClient:
		return clientLeg
	case control.AtServer:
		return serverLeg
	case control.AtLoop:
	}
	if s.out && s.to == f.client || !s.out && s.from == f.client {
		return clientLeg
	}
	return serverLeg
}

// noteFirst keeps what sequence numbers are counted from.
func (p *picture) noteFirst(s segment) {
	where := stream{p.legOf(s), s.from}
	if known := p.first[where]; len(known) == 0 || s.has(flagSYN) && !slices.Contains(known, s.seq) {
		p.first[where] = append(known, s.seq)
	}
}

// since is a sequence number less the nearest one that it may be counted from.
func (p *picture) since(where stream, seq uint32) uint32 {
	known := p.first[where]
	if len(known) == 0 {
		return 0
	}
	least := seq - known[0]
	for _, first := range known[1:] {
		least = min(least, seq-first)
	}
	return least
}

// continues puts a segment with an earlier sighting of it, the newest one that fits.
func (p *picture) continues(s segment) bool {
	for _, r := range slices.Backward(p.rungs) {
		last := r.seen[len(r.seen)-1]
		switch {
		case follows(last, s) && r.same(s):
			r.seen, r.frames = append(r.seen, s), append(r.frames, 1)
			return true
		case follows(last, s) && r.covers(s):
			// The kernel has cut it up for the port.
			r.seen, r.frames = append(r.seen, s), append(r.frames, 1)
			return true
		case last.place == s.place && last.out == s.out && len(r.seen) > 1 && last.seq != s.seq && r.covers(s):
			r.frames[len(r.frames)-1]++
			return true
		}
	}
	return false
}

// follows says that a frame may be seen next where s was, after it was where last was.
func follows(last, s segment) bool {
	switch {
	case last.place != control.AtLoop && !last.out: // it came in
		return s.place == control.AtLoop && !s.out || s.place != control.AtLoop && s.place != last.place && s.out
	case last.place == control.AtLoop && last.out:
		return s.place != control.AtLoop && s.out
	}
	return false
}

func (r *rung) same(s segment) bool {
	return r.from == s.from && r.to == s.to && r.seq == s.seq && r.ack == s.ack && r.flags == s.flags && r.length == s.length
}

// covers says that s is a part of it.
func (r *rung) covers(s segment) bool {
	return r.from == s.from && r.to == s.to && s.length > 0 && s.length < r.length && s.seq-r.seq < uint32(r.length)
}

// lost, for who looks for a rung, is one that was seen to come in, or to leave, and then
// no more.
const lost control.End = "lost"

// ends are where the arrow begins and ends.
func (r *rung) ends() (from, to control.End) {
	first, last := r.seen[0], r.seen[len(r.seen)-1]
	from, to = control.EndBox, lost
	if first.place != control.AtLoop && !first.out {
		from = sideOf(first.place)
	}
	switch {
	case last.place == control.AtLoop && !last.out:
		to = control.EndBox
	case last.place != control.AtLoop && last.out:
		to = sideOf(last.place)
	}
	return from, to
}

func sideOf(p control.Place) control.End {
	if p == control.AtClient {
		return control.EndClient
	}
	return control.EndServer
}

// at finds the first rung from one end to another.
func (p *picture) at(from, to control.End, is func(*rung) bool) *rung {
	for _, r := range p.rungs {
		if a, b := r.ends(); (from == "" || a == from) && (to == "" || b == to) && is(r) {
			return r
		}
	}
	return nil
}

func (p *picture) count(from, to control.End, is func(*rung) bool) (n int) {
	for _, r := range p.rungs {
		if a, b := r.ends(); a == from && b == to && is(r) {
			n++
		}
	}
	return n
}

// after is how long after the first SYN it was, in µs.
func (p *picture) after(at time.Time) int64 { return at.Sub(p.opened).Microseconds() }

// shown is the picture as it is told.
func (p *picture) shown() []control.Rung {
	rungs := []control.Rung{}
	for _, r := range p.rungs {
		where := stream{p.legOf(r.segment), r.from}
		c := control.Rung{After: p.after(r.segment.at), Flags: r.words(), Seq: p.since(where, r.seq), Length: r.length, Head: r.head, Again: r.again}
		if c.From, c.To = r.ends(); c.To == lost {
			c.Lost, c.To = true, p.heading(r)
		}
		if r.has(flagACK) {
			c.Ack = p.since(stream{where.leg, r.segment.to}, r.ack)
		}
		for i, s := range r.seen {
			c.Seen = append(c.Seen, control.Sighting{
				Place: s.place, Device: s.device, Out: s.out, After: p.after(s.at), FromMAC: mac(s.fromMAC), ToMAC: mac(s.toMAC),
				From: s.from, To: s.to, TTL: s.ttl, VLAN: s.vlan, Frames: r.frames[i],
			})
		}
		rungs = append(rungs, c)
	}
	return rungs
}

// heading is where one that is lost was going.
func (p *picture) heading(r *rung) control.End {
	switch from, _ := r.ends(); {
	case from != control.EndBox:
		return control.EndBox
	case p.legOf(r.segment) == clientLeg:
		return control.EndClient
	}
	return control.EndServer
}

func mac(a [6]byte) string { return net.HardwareAddr(a[:]).String() }
