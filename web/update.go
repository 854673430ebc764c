package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"limpid/appliance/control"
)

// updateView is the page of the firmware: what runs, what else is there, what is being
// written, and what is to be tried.
type updateView struct {
	frame
	Firmware control.Update
	Arriving bool // a bundle is being written
	Ready    bool // the next boot tries the other slot
	Trying   bool // what runs has yet to prove healthy
	Back     bool // there is something to go back to

	Done, Total, Rate string
	Size              string // of the bundle; empty: nobody knows
	RebootAt          string
	Dark              string // how long nothing crosses while the box boots
	Now               string // on the box's clock
	Rebooting         bool   // it was ordered a moment ago
}

func (p *Page) showUpdate(w http.ResponseWriter, r *http.Request) {
	p.updatePage(w, r, http.StatusOK, "")
}

// restarting is what the page is asked with after a restart was ordered.
const restarting = "restarting"

func (p *Page) updatePage(w http.ResponseWriter, r *http.Request, code int, message string) {
	l, who := p.visitor(r)
	v := updateView{frame: p.frameOf(l, who, "/update", "update.js")}
	v.Title, v.Message, v.Rebooting = "update", message, r.URL.Query().Has(restarting)
	u, err := p.control.Update(r.Context())
	if err != nil {
		code, v.Message = http.StatusServiceUnavailable, sentence(err)
	}
	v.fill(u, l.status.Box, p.clock().In(l.zone()))
	p.write(w, code, "update.html", v)
}

// fill says in words what is known of the firmware, in the zone of now.
func (v *updateView) fill(u control.Update, box *control.Box, now time.Time) {
	v.Firmware = u
	v.Arriving = u.Phase == control.UpdateReceiving || u.Phase == control.UpdateVerifying
	v.Ready = u.Phase == control.UpdateReady
	v.Trying = u.Slots && !u.Healthy
	v.Back = u.Other.BootsLeft > 0 && !v.Ready && !v.Trying // which the box does by itself
	v.Done, v.Total, v.Rate = size(uint64(max(0, u.Progress.Done))), size(uint64(max(0, u.Progress.Total))), size(uint64(max(0, u.Progress.Rate)))
	if !u.RebootAt.IsZero() {
		v.RebootAt = u.RebootAt.In(now.Location()).Format(time.DateTime)
	}
	if u.Bundle.Size > 0 {
		v.Size = size(uint64(u.Bundle.Size))
	}
	v.Now = now.Format("2006-01-02T15:04")
	v.Dark = darkOf(box)
}

// darkOf is how long the wire was dark at the last boot, from the kernel's start to the
// bridge. What the machine's own firmware takes before that nobody can measure from here.
func darkOf(box *control.Box) string {
	if box == nil {
		return ""
	}
	for _, phase := range box.Phases {
		if phase.Name == "bridge" {
			return fmt.Sprintf("%.0f s", max(1, phase.Begun+phase.Took))
		}
	}
	return ""
}

// rebootNow boots what is to be tried.
func (p *Page) rebootNow(w http.ResponseWriter, r *http.Request) {
	if _, err := p.control.Reboot(r.Context()); err != nil {
		p.updatePage(w, r, http.StatusConflict, sentence(err))
		return
	}
	p.log.Info("reboot is ordered on the page", "from", neighbour(r.RemoteAddr).String())
	http.Redirect(w, r, "/update?"+restarting, http.StatusSeeOther)
}

// planReboot plans one by the box's clock.
func (p *Page) planReboot(w http.ResponseWriter, r *http.Request) {
	l := p.watcher.now()
	at, err := time.ParseInLocation("2006-01-02T15:04", r.PostFormValue("at"), l.zone())
	if err != nil {
		p.updatePage(w, r, http.StatusBadRequest, "Say when, as in 2026-01-31T03:00, by the box's clock.")
		return
	}
	p.orderUpdate(w, r, func(ctx context.Context) (control.Update, error) { return p.control.PlanReboot(ctx, at) })
}

// stayUp calls a planned reboot off.
func (p *Page) stayUp(w http.ResponseWriter, r *http.Request) {
	p.orderUpdate(w, r, func(ctx context.Context) (control.Update, error) { return p.control.PlanReboot(ctx, time.Time{}) })
}

// goBack has the next boot try the firmware from before.
func (p *Page) goBack(w http.ResponseWriter, r *http.Request) {
	p.orderUpdate(w, r, p.control.GoBack)
}

// orderUpdate orders something and shows what came of it.
func (p *Page) orderUpdate(w http.ResponseWriter, r *http.Request, order func(context.Context) (control.Update, error)) {
	if _, err := order(r.Context()); err != nil {
		p.updatePage(w, r, http.StatusConflict, sentence(err))
		return
	}
	p.log.Info("firmware: ordered on the page", "what", r.URL.Path, "from", neighbour(r.RemoteAddr).String())
	http.Redirect(w, r, "/update", http.StatusSeeOther)
}
