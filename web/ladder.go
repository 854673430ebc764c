package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"limpid/appliance/control"
)

// ladderView is the page of the ladder.
type ladderView struct {
	frame
	Ladder *ladderRow // nil: there is none
	Form   ladderForm
	Times  []option
}

// ladderForm is what was typed.
type ladderForm struct{ Client, Server, Port, For string }

// ladderRow is the last ladder, in words.
type ladderRow struct {
	Running       bool
	Title, About  string
	Left, Problem string
	Steps         []ladderStep
	Rungs         []rungRow
	Omitted       string
}

type ladderStep struct {
	control.LadderStep
	Word, Tone string
}

// rungRow is one arrow.
type rungRow struct {
	When, Label string
	Way         string // in words, for who does not see the arrow
	Shape       string // of the arrow: its class
	Lost        bool
	Seq, Ack    uint32
	Seen        []sightingRow
}

// sightingRow is a segment at one place.
type sightingRow struct{ Where, When, From, To, More string }

func (p *Page) showLadder(w http.ResponseWriter, r *http.Request) {
	p.listLadder(w, r, http.StatusOK, "", ladderForm{})
}

func (p *Page) listLadder(w http.ResponseWriter, r *http.Request, code int, message string, form ladderForm) {
	l, who := p.visitor(r)
	v := ladderView{frame: p.frameOf(l, who, "/doctor", "ladder.js"), Form: form}
	v.Title, v.Message = "ladder", message
	v.Times = choose(form.For, option{"10s", "10 seconds", false}, option{"30s", "30 seconds", false}, option{"60s", "1 minute", false})
	s, err := p.control.Ladder(r.Context())
	if err != nil {
		v.Message, code = sentence(err), http.StatusServiceUnavailable
	}
	v.Ladder = ladderRowOf(s.Ladder, l.zone())
	if v.Ladder != nil && v.Ladder.Running {
		v.Refresh = "/doctor/ladder"
	}
	p.write(w, code, "ladder.html", v)
}

// showLadderLive gives the part of the page that changes, for the script to put in place.
func (p *Page) showLadderLive(w http.ResponseWriter, r *http.Request) {
	s, err := p.control.Ladder(r.Context())
	if err != nil {
		http.Error(w, sentence(err), http.StatusServiceUnavailable)
		return
	}
	l := p.watcher.now()
	p.write(w, http.StatusOK, "ladder", ladderView{Ladder: ladderRowOf(s.Ladder, l.zone())})
}

func (p *Page) beginLadder(w http.ResponseWriter, r *http.Request) {
	value := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	form := ladderForm{value("client"), value("server"), value("port"), value("for")}
	request, complaint := form.request()
	if complaint != "" {
		p.listLadder(w, r, http.StatusBadRequest, complaint, form)
		return
	}
	request.Who = neighbour(r.RemoteAddr).String()
	l, err := p.control.BeginLadder(r.Context(), request)
	if err != nil {
		p.listLadder(w, r, http.StatusConflict, sentence(err), form)
		return
	}
	p.log.Info("ladder begun on the page", "ladder", l.ID, "from", request.Who)
	http.Redirect(w, r, "/doctor/ladder", http.StatusSeeOther)
}

// request is what a form asks for; complaint says what is wrong with it.
func (f ladderForm) request() (r control.LadderRequest, complaint string) {
	for _, end := range []struct {
		name, text string
		to         *netip.Addr
	}{{"client's", f.Client, &r.Client}, {"server's", f.Server, &r.Server}} {
		if end.text == "" {
			continue
		}
		a, err := netip.ParseAddr(end.text)
		if err != nil || a.Zone() != "" {
			return r, "The " + end.name + " address is to be one like 192.0.2.1 or 2001:db8::1."
		}
		*end.to = a
	}
	if f.Port != "" {
		n, err := strconv.ParseUint(f.Port, 10, 16)
		if err != nil || n == 0 {
			return r, "The port is to be a number from 1 to 65535."
		}
		r.Port = uint16(n)
	}
	wait, err := time.ParseDuration(f.For)
	if err != nil && f.For != "" {
		return r, "Choose for how long."
	}
	r.For = control.Duration(wait)
	return r, ""
}

func ladderRowOf(l *control.Ladder, zone *time.Location) *ladderRow {
	if l == nil {
		return nil
	}
	v := &ladderRow{Running: l.Running, Problem: l.Problem, Left: ago(time.Duration(l.Left) * time.Second), About: aboutLadder(l, zone)}
	switch {
	case l.Running:
		v.Title = "Waiting for a connection"
		return v
	case l.Problem != "":
		v.Title = "It could not be made"
	case !l.From.IsValid():
		v.Title = "No connection came"
	case l.Captured == control.CapturedYes:
		v.Title = "Captured: " + l.From.String() + " to " + l.To.String()
	default:
		v.Title = "Not captured: " + l.From.String() + " to " + l.To.String()
	}
	if l.Omitted > 0 {
		v.Omitted = number(l.Omitted)
	}
	for _, s := range l.Findings {
		step := ladderStep{LadderStep: s}
		step.Word, step.Tone = verdictWord(s.Verdict)
		v.Steps = append(v.Steps, step)
	}
	for _, r := range l.Rungs {
		v.Rungs = append(v.Rungs, rungRowOf(r))
	}
	return v
}

// aboutLadder says what was asked for.
func aboutLadder(l *control.Ladder, zone *time.Location) string {
	from, to := "anybody", "any server"
	if l.Client.IsValid() {
		from = l.Client.String()
	}
	if l.Server.IsValid() {
		to = l.Server.String()
	}
	text := "The next connection of " + from + " to " + to
	if l.Port != 0 {
		text += ", port " + strconv.Itoa(int(l.Port))
	}
	text += ", since " + l.Begun.In(zone).Format(time.TimeOnly)
	if l.Who != "" {
		text += ", asked for by " + l.Who
	}
	return text + "."
}

func rungRowOf(r control.Rung) rungRow {
	v := rungRow{When: onRail(r.After), Label: r.Label(), Lost: r.Lost, Seq: r.Seq, Ack: r.Ack, Shape: string(r.From) + "-" + string(r.To)}
	v.Way = "from the " + string(r.From) + " to the " + string(r.To)
	if r.From == control.EndBox || r.To == control.EndBox {
		v.Way = strings.ReplaceAll(v.Way, "the box", "this box")
	} else {
		v.Way += ", past this box"
	}
	if r.Lost {
		v.Way += ", and never came there"
	}
	for _, s := range r.Seen {
		v.Seen = append(v.Seen, sightingRowOf(s))
	}
	return v
}

func sightingRowOf(s control.Sighting) sightingRow {
	where := map[control.Place]string{control.AtClient: "Clients' port", control.AtLoop: "Loop into the box", control.AtServer: "Servers' port"}[s.Place]
	way := "in"
	if s.Out {
		way = "out"
	}
	v := sightingRow{
		Where: where + ", " + s.Device + " " + way, When: afterSYN(s.After), From: s.From.String() + ", " + s.FromMAC, To: s.To.String() + ", " + s.ToMAC,
		More: fmt.Sprintf("TTL %d", s.TTL),
	}
	if s.VLAN != 0 {
		v.More += fmt.Sprintf(", VLAN %d", s.VLAN)
	}
	if s.Frames > 1 {
		v.More += fmt.Sprintf(", cut into %d frames", s.Frames)
	}
	return v
}

// onRail writes µs as milliseconds, for a narrow column.
func onRail(us int64) string {
	if us >= time.Second.Microseconds() {
		return fmt.Sprintf("%+d", us/1000)
	}
	return fmt.Sprintf("%+.2f", float64(us)/1000)
}

// afterSYN writes µs so.
func afterSYN(us int64) string { return fmt.Sprintf("%+.2f ms", float64(us)/1000) }
