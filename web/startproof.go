package web

import (
	"net/http"
	"strings"

	"limpid/appliance/control"
)

// proofView is the first step: proof that frames cross, and what is missing if they do not.
type proofView struct {
	startView
	Tone, Word string
	Sides      []proofSide
	Missing    []string // what to do, in plain words
	Captured   string   // for whoever has logged in
	Any        bool     // a request has been captured
	Now        string   // what becomes of new connections
}

// proofSide is one port of the wire.
type proofSide struct {
	Name string
	link
	Seen        bool // frames have come in on it
	Heard, Sent string
}

func (p *Page) showStart(w http.ResponseWriter, r *http.Request) {
	v := p.proof(r)
	v.Refresh = startProof
	p.write(w, http.StatusOK, "start.html", v)
}

// showStartLive gives the part that changes, for the script to put in place.
func (p *Page) showStartLive(w http.ResponseWriter, r *http.Request) {
	p.write(w, http.StatusOK, "proof", p.proof(r))
}

func (p *Page) proof(r *http.Request) proofView {
	l, who := p.visitor(r)
	v := proofView{startView: p.startOf(l, who, startProof, "start.js")}
	if l.err != nil {
		v.Tone, v.Word, v.Missing = bad, "Nothing is known of the wire", []string{silent}
		return v
	}
	v.fill(l.status)
	return v
}

// fill says what is known. Whoever has not logged in is told of each side whether there is
// a link and whether frames have come; numbers tell how much is used.
func (v *proofView) fill(s control.Status) {
	for _, side := range []struct {
		name, cable, silent string
		link                control.Link
		frames              control.PortFrames
	}{
		{"Clients", "Plug in the cable that leads to your devices.", "Switch a device on there, or open a page on one.", s.Wire.LAN, s.Frames.LAN},
		{"Servers", "Plug in the cable that leads to your router.", "Look whether the other end of that cable is in your router or switch, and that it is on.", s.Wire.WAN, s.Frames.WAN},
	} {
		shown := proofSide{Name: side.name, link: linkOf(side.link, side.frames, false), Seen: side.frames.Received > 0}
		of := strings.ToLower(side.name) + "’"
		switch {
		case !side.link.Present:
			v.Missing = append(v.Missing, "The "+of+" port is missing. Put its card in, or name another port in the settings (bridge.ports).")
		case !side.link.Up:
			v.Missing = append(v.Missing, "The "+of+" port is down. limpid takes it up by itself: if it stays so, the alarms say why.")
		case !side.link.Carrier:
			v.Missing = append(v.Missing, "The "+of+" side has no link. "+side.cable)
		case !shown.Seen:
			v.Missing = append(v.Missing, "No frames from the "+of+" side yet. "+side.silent)
		}
		if v.LoggedIn {
			shown.Details = []string{cableOf(side.link)}
			shown.Heard, shown.Sent = number(side.frames.Received), number(side.frames.Sent)
		}
		v.Sides = append(v.Sides, shown)
	}
	if !s.Wire.Bridge.Present || !s.Wire.Bridge.Up {
		v.Missing = append(v.Missing, "The bridge between the two ports does not stand yet. If it stays so, the alarms say why.")
	}
	v.Tone, v.Word = good, "The wire passes traffic"
	if len(v.Missing) > 0 {
		v.Tone, v.Word = warn, "The wire does not pass traffic yet"
	}
	if v.LoggedIn {
		v.Captured, v.Any = number(s.Requests), s.Requests > 0
	}
	_, _, v.Now = stateOf(s, 0, v.LoggedIn)
}
