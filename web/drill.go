package web

import (
	"net/http"
	"strconv"
	"time"

	"limpid/appliance/control"
)

// drillView is the page on which the wire is tested.
type drillView struct {
	frame
	Refused string // why it cannot be now
	Running bool
	Drills  []drillRow
}

// drillRow is a drill and what was measured.
type drillRow struct {
	Number         int
	What, At, Who  string
	Running        bool
	Problem        string
	Reason         string
	Steps          []counter
	Connections    []counter
	Gap, Took, Cut string // for the one sentence of it
}

// askView asks once more, before it is done.
type askView struct {
	frame
	Blow    control.Blow
	Hang    bool
	Active  string
	Refused string
}

// showDrill tells of drills.
func (p *Page) showDrill(w http.ResponseWriter, r *http.Request) {
	p.listDrills(w, r, http.StatusOK, "")
}

func (p *Page) listDrills(w http.ResponseWriter, r *http.Request, code int, message string) {
	l, who := p.visitor(r)
	v := drillView{frame: p.frameOf(l, who, "/drill", "drill.js")}
	v.Title, v.Message = "test the wire", message
	all, err := p.control.Drills(r.Context())
	if err != nil {
		code, v.Message = http.StatusServiceUnavailable, sentence(err)
	}
	v.fill(all, l.zone())
	if v.Running {
		v.Refresh = "/drill"
	}
	p.write(w, code, "drill.html", v)
}

func (v *drillView) fill(all control.Drills, zone *time.Location) {
	if all.Refused != "" {
		v.Refused = capital(all.Refused) + "."
	}
	for i := range all.Drills {
		v.Drills = append(v.Drills, drillRowOf(&all.Drills[i], zone))
		v.Running = v.Running || all.Drills[i].Running
	}
}

// showDrillParts gives the part that changes while a drill runs, for the script.
func (p *Page) showDrillParts(w http.ResponseWriter, r *http.Request) {
	all, err := p.control.Drills(r.Context())
	if err != nil {
		http.Error(w, sentence(err), http.StatusServiceUnavailable)
		return
	}
	l, who := p.visitor(r)
	v := drillView{frame: p.frameOf(l, who, "/drill")}
	v.fill(all, l.zone())
	p.write(w, http.StatusOK, "drills", v)
}

// askDrill says what a drill would do, and asks whether it shall.
func (p *Page) askDrill(w http.ResponseWriter, r *http.Request) {
	blow, ok := blowOf(r.URL.Query().Get("blow"))
	if !ok {
		p.listDrills(w, r, http.StatusBadRequest, "Choose one of the drills.")
		return
	}
	l, who := p.visitor(r)
	v := askView{frame: p.frameOf(l, who, "/drill"), Blow: blow, Hang: blow == control.HangProxy, Active: number(l.status.Flows.Active)}
	v.Title = "test the wire?"
	all, err := p.control.Drills(r.Context())
	switch {
	case err != nil:
		p.listDrills(w, r, http.StatusServiceUnavailable, sentence(err))
		return
	case all.Refused != "":
		v.Refused = capital(all.Refused) + "."
	}
	p.write(w, http.StatusOK, "ask.html", v)
}

// beginDrill does it.
func (p *Page) beginDrill(w http.ResponseWriter, r *http.Request) {
	blow, ok := blowOf(r.PostFormValue("blow"))
	if !ok {
		p.listDrills(w, r, http.StatusBadRequest, "Choose one of the drills.")
		return
	}
	from := neighbour(r.RemoteAddr).String()
	if _, err := p.control.BeginDrill(r.Context(), control.DrillRequest{Blow: blow, Who: from}); err != nil {
		p.listDrills(w, r, http.StatusConflict, sentence(err))
		return
	}
	p.log.Info("drill on the page", "blow", string(blow), "from", from)
	p.watcher.stale()
	http.Redirect(w, r, "/drill", http.StatusSeeOther)
}

// blowOf is the blow that is named, and must be.
func blowOf(name string) (control.Blow, bool) {
	blow := control.Blow(name)
	return blow, blow == control.KillProxy || blow == control.HangProxy
}

func drillRowOf(d *control.Drill, zone *time.Location) drillRow {
	v := drillRow{
		Number: d.Number, What: "proxy killed", At: d.Struck.In(zone).Format(time.DateTime), Who: d.Who, Running: d.Running,
		Problem: capital(d.Problem), Reason: d.Reason, Gap: milliseconds(d.GapMS), Took: milliseconds(d.InlineMS), Cut: number(d.Cut),
	}
	if d.Blow == control.HangProxy {
		v.What = "proxy stopped"
	}
	v.Steps = []counter{
		{Name: "Noticed", Value: milliseconds(d.NoticedMS), Hint: "after the blow"},
		{Name: "Bridged", Value: milliseconds(d.BypassMS), Hint: "after the blow: mode bypass"},
		{Name: "Captured again", Value: milliseconds(d.InlineMS), Hint: "after the blow: mode inline"},
		{Name: "Gap", Value: v.Gap, Hint: "at most, from the last proof of service"},
	}
	v.Connections = []counter{
		{Name: "Ended", Value: v.Cut, Hint: "connections of the killed proxy"},
		{Name: "Captured", Value: number(d.Captured), Hint: "new connections meanwhile"},
		{Name: "By the gate", Value: number(d.Carried), Hint: "of them: carried as tunnels"},
		{Name: "Bridged", Value: number(d.Bridged), Hint: "new connections meanwhile"},
	}
	return v
}

// milliseconds is a time of a drill; unknown is a dash.
func milliseconds(ms *int64) string {
	if ms == nil {
		return "–"
	}
	return strconv.FormatInt(*ms, 10) + " ms"
}
