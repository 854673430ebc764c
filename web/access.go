package web

import (
	"net/http"
	"time"

	"limpid/appliance/control"
)

// accessView is the page of who may come in: the passwords, the tokens, and who has
// used them.
type accessView struct {
	frame
	Sessions []sessionRow
	Reader   bool // there is a second password
	Tokens   []tokenRow
	Made     string // a token that was made a moment ago, shown this once
	MadeName string
	Most     int // tokens there may be
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
	v := p.accessOf(r)
	v.Message = message
	p.write(w, code, "access.html", v)
}

func (p *Page) accessOf(r *http.Request) accessView {
	l, who := p.visitor(r)
	v := accessView{frame: p.frameOf(l, who, "/access"), Reader: l.reader != "", Tokens: tokenRows(l.tokens, p.clock().In(l.zone())), Most: maxTokens}
	v.Title = "access"
	for _, s := range p.sessions.list(r, l.holders()) {
		v.Sessions = append(v.Sessions, sessionRow{s, s.Begun.In(l.zone()).Format(time.DateTime), ago(p.clock().Sub(s.Seen))})
	}
	return v
}

// changePassword takes another password from who knows the one that holds. All
// sessions of that one end with it; who has changed it gets a new one.
func (p *Page) changePassword(w http.ResponseWriter, r *http.Request) {
	l := p.watcher.now()
	hash, ok := p.another(w, r, l, holder{readers, l.reader})
	if !ok {
		return
	}
	if err := p.control.SetPassword(r.Context(), control.PasswordChange{Old: l.hash, New: hash}); err != nil {
		p.listAccess(w, r, http.StatusServiceUnavailable, sentence(err))
		return
	}
	p.log.Info("the password has been changed", "from", neighbour(r.RemoteAddr).String())
	p.renew(w, r, holder{owners, hash})
	http.Redirect(w, r, "/access", http.StatusSeeOther)
}

// another reads a new password from a form of the owner's, who proves to be one, and
// hashes it. It must not be the other one's: a login would not know whose it is.
func (p *Page) another(w http.ResponseWriter, r *http.Request, l look, other holder) (hash string, ok bool) {
	password := r.PostFormValue("password")
	if complaint := unfit(password, r.PostFormValue("again")); complaint != "" {
		p.listAccess(w, r, http.StatusBadRequest, complaint)
		return "", false
	}
	if _, code, complaint := p.prove(w, r, r.PostFormValue("old"), holder{owners, l.hash}); complaint != "" {
		p.listAccess(w, r, code, complaint)
		return "", false
	}
	if other.hash != "" {
		same, err := p.hasher.check(r.Context(), other.hash, password)
		if err != nil {
			p.listAccess(w, r, http.StatusServiceUnavailable, sentence(err))
			return "", false
		}
		if same {
			p.listAccess(w, r, http.StatusBadRequest, "The two passwords must differ: choose another one.")
			return "", false
		}
	}
	hash, err := p.hasher.hash(r.Context(), password)
	if err != nil {
		p.listAccess(w, r, http.StatusServiceUnavailable, sentence(err))
		return "", false
	}
	return hash, true
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
