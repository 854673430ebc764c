package web

import (
	"net/http"

	"limpid/appliance/control"
)

// startView is what all of the first steps show: which there are, and which one this is.
type startView struct {
	frame
	Steps []step
	Next  string // the step that follows; empty: this is the last one
	Asks  bool   // something is to be typed or chosen in it
	Aside bool   // they can be put aside
}

// step is one of the first steps.
type step struct {
	Path, Name string
	Here       bool
	Open       bool // to who looks
}

// Addresses of the first steps.
const (
	startProof    = "/start"
	startPassword = "/start/password"
	startAddress  = "/start/address"
	startTime     = "/start/time"
	startUse      = "/start/use"
)

// steps are all there are, in order.
func steps() []step {
	return []step{{Path: startProof, Name: "Wire"}, {Path: startPassword, Name: "Password"}, {Path: startAddress, Name: "Address"}, {Path: startTime, Name: "Time"}, {Path: startUse, Name: "Use"}}
}

// startOf makes the view of the step at an address.
func (p *Page) startOf(l look, who scope, here string, scripts ...string) startView {
	v := startView{frame: p.frameOf(l, who, here, scripts...), Steps: steps(), Aside: who >= owners && !l.status.Web.Started}
	v.Title = "first steps"
	for i := range v.Steps {
		path := v.Steps[i].Path
		v.Steps[i].Open = who >= owners || path == startProof || path == startPassword
		if path != here {
			continue
		}
		v.Steps[i].Here, v.Asks = true, path == startAddress || path == startUse
		if i+1 < len(v.Steps) {
			v.Next = v.Steps[i+1].Path
		}
	}
	return v
}

// offered says whether the first steps are offered on the first page: to who can go them,
// until they are done or put aside.
func offered(l look, who scope) bool {
	return l.err == nil && !l.status.Web.Started && (who >= owners || l.hash == "")
}

// putAside has the first steps offered no more. They stay where they are.
func (p *Page) putAside(w http.ResponseWriter, r *http.Request) {
	if err := p.control.SetStarted(r.Context(), true); err != nil {
		p.refuse(w, r, http.StatusServiceUnavailable, sentence(err))
		return
	}
	p.watcher.stale()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// showStartPassword is the second step.
func (p *Page) showStartPassword(w http.ResponseWriter, r *http.Request) {
	p.startPasswordPage(w, r, http.StatusOK, "")
}

// startPasswordView is the second step: the first password is set, or there is one.
type startPasswordView struct {
	startView
	Unset bool
}

func (p *Page) startPasswordPage(w http.ResponseWriter, r *http.Request, code int, message string) {
	l, who := p.visitor(r)
	v := startPasswordView{p.startOf(l, who, startPassword), l.err == nil && l.hash == ""}
	v.Message = message
	if l.err != nil {
		code, v.Message = http.StatusServiceUnavailable, silent
	}
	p.write(w, code, "startpassword.html", v)
}

// setStartPassword takes the first password, and goes on with the steps.
func (p *Page) setStartPassword(w http.ResponseWriter, r *http.Request) {
	h, code, complaint := p.firstPassword(r)
	if complaint != "" {
		p.watcher.stale()
		p.startPasswordPage(w, r, code, complaint)
		return
	}
	p.renew(w, r, h)
	http.Redirect(w, r, startAddress, http.StatusSeeOther)
}

// keep changes keys of the settings that cut nobody off, at once. complaint says why it
// did not; empty: it has.
func (p *Page) keep(r *http.Request, set map[string]string) (code int, complaint string) {
	s, text, changed, err := p.edited(r, set)
	if err != nil {
		return http.StatusBadRequest, sentence(err)
	}
	if !changed {
		return http.StatusOK, ""
	}
	review, err := p.control.ReviewSettings(r.Context(), text)
	switch {
	case err != nil:
		return http.StatusBadRequest, sentence(err)
	case len(review.Problems) > 0:
		return http.StatusBadRequest, problemsOf(review.Problems, true)
	}
	from := neighbour(r.RemoteAddr).String()
	if _, err := p.control.ApplySettings(r.Context(), control.SettingsChange{Text: text, Base: s.Digest, Who: from, Note: "first steps"}); err != nil {
		return http.StatusConflict, sentence(err)
	}
	p.log.Info("settings are changed on the page", "from", from, "trial", false)
	p.watcher.stale()
	return http.StatusOK, ""
}

// edited gives the settings, and their text with some keys changed; changed says whether
// any of them is another one than now.
func (p *Page) edited(r *http.Request, set map[string]string) (s control.Settings, text string, changed bool, err error) {
	if s, err = p.control.Settings(r.Context()); err != nil {
		return s, "", false, err
	}
	fresh := make(map[string]string)
	for key, value := range set {
		if settingOf(s, key) != value {
			fresh[key] = value
		}
	}
	if len(fresh) == 0 {
		return s, s.Text, false, nil
	}
	edit, err := p.control.EditSettings(r.Context(), control.SettingsEdit{Text: s.Text, Set: fresh})
	return s, edit.Text, true, err
}

// settingOf is what a key has, as TOML has it.
func settingOf(s control.Settings, key string) string {
	for _, k := range s.Keys {
		if k.Key == key {
			return k.Value
		}
	}
	return ""
}
