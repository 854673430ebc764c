package ladder

import (
	"net/netip"
	"slices"
	"time"

	"limpid/appliance/control"
)

const (
	// maxSegments is how many are kept. From maxPlain on, only those are that begin or end
	// a connection or a head, and the rest is counted.
	maxSegments = 200
	maxPlain    = 140
	// settle is how long the last frames may take after both ends have closed, and quiet
	// how long nothing has to come once the client was answered.
	settle = 250 * time.Millisecond
	quiet  = 2 * time.Second
)

// Settings are what is asked for, and what is to be known of the box.
type Settings struct {
	Client netip.Addr    `json:"client,omitzero"` // not valid: anybody
	Server netip.Addr    `json:"server,omitzero"`
	Ports  []uint16      `json:"ports"` // of the server; one of them
	For    time.Duration `json:"for"`   // in which it begins, ns
	// Own are the box's addresses: nothing to or from them is followed.
	Own     []netip.Addr `json:"own"`
	Devices []Device     `json:"devices"`
	// KeepPort says that the server sees the client's own port, and KeepAddress its address.
	KeepPort    bool `json:"keep_port"`
	KeepAddress bool `json:"keep_address"`
}

// Device is an interface that frames come from.
type Device struct {
	Place control.Place `json:"place"`
	Name  string        `json:"name"`
	Index int           `json:"index"`
}

// Follower takes frames, and follows one connection.
type Follower struct {
	settings Settings
	until    time.Time // when it gives up

	following bool
	wrongSide bool           // it was opened from the servers' side
	client    netip.AddrPort // who has opened it
	server    netip.AddrPort
	asker     netip.AddrPort // what the server sees of it
	opened    time.Time

	segments []segment
	frames   uint64
	omitted  uint64
	last     time.Time // when the last frame came
	answered bool      // the client was sent data
	fins     map[passing]bool
	amounts  map[passing]amount
	closed   time.Time // when it was over; zero: it is not
}

// passing is a place, and which way.
type passing struct {
	place control.Place
	out   bool
}

// NewFollower waits from now on.
func NewFollower(s Settings, now time.Time) *Follower {
	return &Follower{settings: s, until: now.Add(s.For), fins: map[passing]bool{}, amounts: map[passing]amount{}}
}

// Take takes a frame. Of one that is seen at several places, the one at the port comes
// first.
func (f *Follower) Take(frame Frame, now time.Time) {
	s, err := read(frame)
	if err != nil {
		return
	}
	if !f.following && !f.begins(s, now) || !f.belongs(s) {
		return
	}
	f.frames++
	f.last = now
	f.note(s, now)
	f.count(s)
	if len(f.segments) >= maxSegments || len(f.segments) >= maxPlain && s.plain() {
		f.omitted++
		return
	}
	f.segments = append(f.segments, s)
}

// begins says that a connection begins which was asked for, and has it followed.
func (f *Follower) begins(s segment, now time.Time) bool {
	w := f.settings
	switch {
	case !s.opens(), s.out, s.place == control.AtLoop:
		return false
	case s.place == control.AtServer && !w.Client.IsValid():
		return false // nobody has asked for those that come from there
	case w.Client.IsValid() && s.from.Addr() != w.Client,
		w.Server.IsValid() && s.to.Addr() != w.Server,
		!slices.Contains(w.Ports, s.to.Port()),
		slices.Contains(w.Own, s.from.Addr()), slices.Contains(w.Own, s.to.Addr()):
		return false
	}
	f.following, f.wrongSide = true, s.place == control.AtServer
	f.client, f.server, f.asker, f.opened = s.from, s.to, s.from, s.at
	f.until = now.Add(control.LadderFollows)
	return true
}

// belongs says that a segment is of the connection that is followed.
func (f *Follower) belongs(s segment) bool {
	switch {
	case s.from == f.client && s.to == f.server, s.from == f.server && s.to == f.client:
		return true
	case s.place == control.AtClient:
		return false
	case s.from == f.asker && s.to == f.server, s.from == f.server && s.to == f.asker:
		return true
	}
	// The first one that the box opens to there, where it does so under another name.
	if f.asker == f.client && f.mayAsk(s) {
		f.asker = s.from
		return true
	}
	return false
}

// mayAsk says that it is how the box may ask the server for the client.
func (f *Follower) mayAsk(s segment) bool {
	w := f.settings
	if w.KeepPort && w.KeepAddress || s.place != control.AtLoop || !s.out || !s.opens() || s.to != f.server {
		return false
	}
	if w.KeepAddress {
		return s.from.Addr() == f.client.Addr()
	}
	return slices.Contains(w.Own, s.from.Addr())
}

// note sees whether it is over.
func (f *Follower) note(s segment, now time.Time) {
	if s.length > 0 && s.place == control.AtClient && s.out {
		f.answered = true
	}
	if s.has(flagFIN) {
		f.fins[passing{s.place, s.out}] = true
	}
	done := s.has(flagRST)
	if f.fins[passing{control.AtClient, false}] && f.fins[passing{control.AtClient, true}] {
		done = done || f.asksNobody() || f.fins[passing{control.AtServer, false}] && f.fins[passing{control.AtServer, true}]
	}
	if done && f.closed.IsZero() {
		f.closed = now
	}
}

// asksNobody says that nothing of it was seen at the servers' port.
func (f *Follower) asksNobody() bool {
	return !slices.ContainsFunc(f.segments, func(s segment) bool { return s.place == control.AtServer })
}

// Over says that nothing more is waited for.
func (f *Follower) Over(now time.Time) bool {
	switch {
	case !now.Before(f.until):
		return true
	case !f.closed.IsZero():
		return now.Sub(f.closed) >= settle
	}
	return f.answered && now.Sub(f.last) >= quiet
}

// Result is what was seen so far; dropped are frames that came too fast to be taken.
func (f *Follower) Result(dropped uint64) control.LadderResult {
	r := control.LadderResult{Findings: []control.LadderStep{}, Rungs: []control.Rung{}, Frames: f.frames, Omitted: f.omitted, Dropped: dropped}
	if !f.following {
		return r
	}
	r.From, r.To, r.Began = f.client, f.server, f.opened
	p := f.lineUp()
	r.Rungs = p.shown()
	r.Captured, r.Findings = f.judge(p)
	if dropped > 0 {
		r.Findings = append(r.Findings, control.LadderStep{Verdict: control.HealthUnknown,
			Text: "Frames came too fast to be looked at, so some of this connection may be missing above; they have crossed the wire.", Mend: "Name client and server, and try again."})
	}
	r.Verdict = Worst(r.Findings)
	return r
}

// Worst is the verdict of the worst of them; empty where there are none.
func Worst(steps []control.LadderStep) control.Health {
	order := []control.Health{"", control.HealthOK, control.HealthUnknown, control.HealthWarn, control.HealthFail}
	worst := 0
	for _, step := range steps {
		worst = max(worst, slices.Index(order, step.Verdict))
	}
	return order[worst]
}
