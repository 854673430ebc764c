package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"limpid/appliance/control"
)

// appliedView follows a change that waits to be confirmed.
type appliedView struct {
	frame
	Trial   *trialView
	Token   string
	Restart bool
	Then    string // where to go on afterwards
	There   string // where to confirm it when the box has another address; empty: here
	Path    string // the same without the address, when nobody knows that before
}

// applySettings puts into effect what was reviewed.
func (p *Page) applySettings(w http.ResponseWriter, r *http.Request) {
	change := control.SettingsChange{
		Text: unixLines(r.PostFormValue("text")), Base: r.PostFormValue("base"), Note: r.PostFormValue("note"),
		Who: neighbour(r.RemoteAddr).String(),
	}
	review, err := p.control.ReviewSettings(r.Context(), change.Text)
	if err != nil {
		p.showSettingsWith(w, r, http.StatusServiceUnavailable, sentence(err), nil)
		return
	}
	applied, err := p.control.ApplySettings(r.Context(), change)
	if err != nil {
		p.showSettingsWith(w, r, http.StatusConflict, sentence(err), nil)
		return
	}
	p.log.Info("settings are changed on the page", "from", change.Who, "trial", applied.Trial != nil)
	p.watcher.stale()
	p.settled.stale()
	if applied.Trial == nil && !applied.Restart {
		goOn(w, r)
		return
	}
	p.showApplied(w, r, applied, review.Changes)
}

// showApplied follows a change that waits to be confirmed, or for which limpid starts
// anew.
func (p *Page) showApplied(w http.ResponseWriter, r *http.Request, applied control.SettingsApplied, changes []control.SettingsDiff) {
	l, who := p.visitor(r)
	v := appliedView{frame: p.frameOf(l, who, "/settings", "confirm.js"), Trial: trialOf(applied.Trial, l.zone()), Token: applied.Token, Restart: applied.Restart, Then: thenOf(r)}
	v.Title = "applied"
	values := url.Values{"token": {applied.Token}}
	if v.Then != "" {
		values.Set("then", v.Then)
	}
	path := "/settings/confirm?" + values.Encode()
	switch there := thereAfter(changes, r.Host); {
	case applied.Token == "":
	case there != "":
		v.There = "https://" + there + path
	case slices.ContainsFunc(changes, func(c control.SettingsDiff) bool { return c.Key == "management.address" && c.New == `"dhcp"` }):
		v.Path = path
	}
	p.write(w, http.StatusOK, "applied.html", v)
}

// askConfirm is where the one-time link leads: the change is kept by a press of the
// button, and not by whatever follows links.
func (p *Page) askConfirm(w http.ResponseWriter, r *http.Request) {
	l, who := p.visitor(r)
	v := appliedView{frame: p.frameOf(l, who, "/settings"), Token: r.URL.Query().Get("token"), Then: thenOf(r)}
	v.Title = "confirm"
	if t := l.status.Trial; l.err == nil && t != nil {
		v.Trial = trialOf(&control.SettingsTrial{Until: t.Until, Left: t.Left}, l.zone())
	}
	p.write(w, http.StatusOK, "confirm.html", v)
}

// confirmSettings keeps what is tried. The token is proof enough: only who has applied
// the change, logged in, was told it; and limpid may have forgotten all sessions for
// its sake. So whoever has it is logged in again, if the change was made on the page:
// what a program was told over the API makes nobody log in.
func (p *Page) confirmSettings(w http.ResponseWriter, r *http.Request) {
	l := p.watcher.now()
	if l.err != nil {
		p.refuse(w, r, http.StatusServiceUnavailable, silent)
		return
	}
	turn := turnOf(r, l.hash)
	if wait := p.attempts.begin(turn); wait > 0 {
		p.refuse(w, r, http.StatusTooManyRequests, "Too many tries from your address: wait a minute.")
		return
	}
	kept, err := p.control.ConfirmSettings(r.Context(), r.PostFormValue("token"))
	switch {
	case err == nil:
	case control.Refused(err):
		p.refuse(w, r, http.StatusConflict, sentence(err))
		return
	default: // not in effect yet, or limpid starts anew for it: that is no wrong token
		p.attempts.withdraw(turn)
		p.refuse(w, r, http.StatusServiceUnavailable, sentence(err))
		return
	}
	p.attempts.succeeded(turn)
	p.log.Info("settings are confirmed on the page", "from", neighbour(r.RemoteAddr).String())
	_, here := netip.ParseAddr(kept.Who)
	if l.hash != "" && here == nil && p.sessions.scope(r, l.holders()) < owners {
		p.renew(w, r, holder{owners, l.hash})
	}
	goOn(w, r)
}

// undoSettings gives up what is tried, now.
func (p *Page) undoSettings(w http.ResponseWriter, r *http.Request) {
	if _, err := p.control.UndoSettings(r.Context()); err != nil {
		p.showSettingsWith(w, r, http.StatusConflict, sentence(err), nil)
		return
	}
	p.log.Info("settings are undone on the page", "from", neighbour(r.RemoteAddr).String())
	p.watcher.stale()
	p.settled.stale()
	http.Redirect(w, r, "/settings/history", http.StatusSeeOther)
}
