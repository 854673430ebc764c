package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"limpid/appliance/control"
)

// timeView is the fourth step: the zone that times are told in, and the clock.
type timeView struct {
	startView
	At      string // the time by the box's clock
	From    string // where it has it from, in words
	Settle  string // why it is not set here; empty: it is
	Field   string // the time, as a field of a form has it
	TheZone string
}

// clockField is a date and a time as browsers send them (HTML, 2.3.5.5).
const clockField = "2006-01-02T15:04"

func (p *Page) showStartTime(w http.ResponseWriter, r *http.Request) {
	p.startTimePage(w, r, http.StatusOK, "", "")
}

func (p *Page) startTimePage(w http.ResponseWriter, r *http.Request, code int, message, zone string) {
	l, who := p.visitor(r)
	now := p.clock().In(l.zone())
	v := timeView{startView: p.startOf(l, who, startTime, "start.js"), At: now.Format("Monday 2 January 2006, 15:04:05 MST"), Field: now.Format(clockField), TheZone: zone}
	v.Message = message
	if zone == "" {
		v.TheZone = now.Location().String()
	}
	v.From, v.Settle = clockWords(l.status.Box)
	p.write(w, code, "starttime.html", v)
}

// clockWords says where the box has its time from, and why nobody sets it here.
func clockWords(b *control.Box) (from, settle string) {
	if b == nil {
		return "It is the clock of the host that limpid is a guest on.", "The host keeps the time: set it there."
	}
	switch b.Clock {
	case "network":
		return "Time servers keep it.", "There is nothing to set while they do."
	case "person":
		return "Somebody has set it.", ""
	case "last run":
		return "The box has no clock that goes on without power: it goes on from when it last ran.", ""
	case "firmware":
		return "Nobody has told the box the time: it goes on from when its firmware was built.", ""
	}
	return "It comes from the box’s clock chip.", ""
}

// setZone has times told in another zone, at once.
func (p *Page) setZone(w http.ResponseWriter, r *http.Request) {
	zone := strings.TrimSpace(r.PostFormValue("zone"))
	if code, complaint := p.keep(r, map[string]string{"management.timezone": strconv.Quote(zone)}); complaint != "" {
		p.startTimePage(w, r, code, complaint, zone)
		return
	}
	http.Redirect(w, r, startTime, http.StatusSeeOther)
}

// setClock sets the box's clock: to that of the device in somebody's hand, as its browser
// tells it, or to what was typed, in the zone that times are told in.
func (p *Page) setClock(w http.ResponseWriter, r *http.Request) {
	l := p.watcher.now()
	at, err := time.ParseInLocation(clockField, r.PostFormValue("time"), l.zone())
	if err != nil {
		at, err = time.ParseInLocation(clockField+":05", r.PostFormValue("time"), l.zone())
	}
	if device := r.PostFormValue("device"); device != "" {
		var ms int64
		ms, err = strconv.ParseInt(device, 10, 64)
		at = time.UnixMilli(ms)
	}
	if err != nil {
		p.startTimePage(w, r, http.StatusBadRequest, "Give the date and the time, as in 2026-01-31T03:00.", "")
		return
	}
	if _, err := p.control.SetClock(r.Context(), at); err != nil {
		p.startTimePage(w, r, http.StatusConflict, sentence(err), "")
		return
	}
	p.log.Info("the clock is set on the page", "from", neighbour(r.RemoteAddr).String())
	p.watcher.stale()
	http.Redirect(w, r, startTime, http.StatusSeeOther)
}
