package web

import (
	"net/http"
	"time"

	"limpid/appliance/control"
)

// accessView is the page of who may come in: the password, and who has used it.
type accessView struct {
	frame
	Sessions []sessionRow
}

type sessionRow struct {
	listed
	BegunAt string
	SeenAgo string
}

func (p *Page) showAccess(w http.ResponseWriter, r *http.Request) {
	p.listAccess(w, r, http.StatusOK, "")
}

func (p *Page) listAccess(w http.ResponseWriter, r *http.Request, code int, message string) {
	l, loggedIn := p.visitor(r)
	v := accessView{frame: p.frameOf(l, loggedIn, "/access")}
	v.Title, v.Message = "access", message
	for _, s := range p.sessions.list(r, l.hash) {
		v.Sessions = append(v.Sessions, sessionRow{s, s.Begun.Local().Format(time.DateTime), ago(p.clock().Sub(s.Seen))})
	}
	p.write(w, code, "access.html", v)
}

// changePassword takes another password from who knows the one that holds. All
// sessions end with it; who has changed it gets a new one.
func (p *Page) changePassword(w http.ResponseWriter, r *http.Request) {
	l := p.watcher.now()
	password := r.PostFormValue("password")
	if complaint := unfit(password, r.PostFormValue("again")); complaint != "" {
		p.listAccess(w, r, http.StatusBadRequest, complaint)
		return
	}
	if code, complaint := p.prove(w, r, l.hash, r.PostFormValue("old")); complaint != "" {
		p.listAccess(w, r, code, complaint)
		return
	}
	hash, err := p.hasher.hash(r.Context(), password)
	if err == nil {
		err = p.control.SetPassword(r.Context(), control.PasswordChange{Old: l.hash, New: hash})
	}
	if err != nil {
		p.listAccess(w, r, http.StatusServiceUnavailable, sentence(err))
		return
	}
	p.log.Info("the password has been changed", "from", neighbour(r.RemoteAddr).String())
	p.renew(w, r, hash)
	http.Redirect(w, r, "/access", http.StatusSeeOther)
}

// endSession ends one, which may be one's own.
func (p *Page) endSession(w http.ResponseWriter, r *http.Request) {
	if !p.sessions.revoke(r.PathValue("id")) {
		p.listAccess(w, r, http.StatusConflict, "That session has ended already.")
		return
	}
	p.log.Info("a session was ended on the page", "from", neighbour(r.RemoteAddr).String())
	http.Redirect(w, r, "/access", http.StatusSeeOther)
}
