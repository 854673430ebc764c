package web

import (
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"limpid/appliance/control"
)

// Lengths of passwords: in characters at least, in bytes at most.
const (
	minPassword = 8
	maxPassword = 256
)

// setPassword takes the first password. Whoever reaches the page first sets it: until
// then there is nothing to prove oneself by. To change one later, the old one is
// needed, or the console of the box.
func (p *Page) setPassword(w http.ResponseWriter, r *http.Request) {
	l := p.watcher.now()
	password := r.PostFormValue("password")
	switch {
	case l.err != nil:
		p.refuse(w, r, http.StatusServiceUnavailable, silent)
		return
	case l.hash != "":
		p.refuse(w, r, http.StatusConflict, "A password has been set already: log in with it. If it was not you, reset it on the console of the box.")
		return
	case utf8.RuneCountInString(password) < minPassword:
		p.refuse(w, r, http.StatusBadRequest, fmt.Sprintf("Choose a password of at least %d characters.", minPassword))
		return
	case len(password) > maxPassword:
		p.refuse(w, r, http.StatusBadRequest, fmt.Sprintf("Choose a password of at most %d bytes.", maxPassword))
		return
	case password != r.PostFormValue("again"):
		p.refuse(w, r, http.StatusBadRequest, "The two passwords are not the same.")
		return
	}
	hash, err := p.hasher.hash(r.Context(), password)
	if err == nil {
		err = p.control.SetPassword(r.Context(), control.PasswordChange{New: hash})
	}
	if err != nil {
		p.refuse(w, r, http.StatusServiceUnavailable, sentence(err))
		return
	}
	p.log.Info("the first password has been set", "from", neighbour(r.RemoteAddr).String())
	p.welcome(w, r, hash)
}

func (p *Page) login(w http.ResponseWriter, r *http.Request) {
	l := p.watcher.now()
	if l.err != nil {
		p.refuse(w, r, http.StatusServiceUnavailable, silent)
		return
	}
	if l.hash == "" {
		p.refuse(w, r, http.StatusConflict, "No password has been set yet: choose one.")
		return
	}
	who := neighbour(r.RemoteAddr)
	if wait := p.attempts.begin(who); wait > 0 {
		seconds := int((wait + time.Second - 1) / time.Second)
		w.Header().Set("Retry-After", fmt.Sprint(seconds))
		p.refuse(w, r, http.StatusTooManyRequests, fmt.Sprintf("Too many wrong passwords from your address: wait %d s and try again.", seconds))
		return
	}
	password := r.PostFormValue("password")
	if len(password) > maxPassword {
		password = "" // none is so long
	}
	right, err := p.hasher.check(r.Context(), l.hash, password)
	switch {
	case err != nil:
		p.attempts.withdraw(who)
		p.refuse(w, r, http.StatusServiceUnavailable, sentence(err))
	case !right:
		p.log.Warn("wrong password", "from", who.String())
		p.refuse(w, r, http.StatusForbidden, "That is not the password.")
	default:
		p.attempts.succeeded(who)
		p.log.Info("login", "from", who.String())
		p.welcome(w, r, l.hash)
	}
}

// welcome begins a session and leads back to the page.
func (p *Page) welcome(w http.ResponseWriter, r *http.Request, hash string) {
	p.watcher.stale()
	p.sessions.end(w, r)
	w.Header().Del("Set-Cookie")
	p.sessions.begin(w, hash)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (p *Page) logout(w http.ResponseWriter, r *http.Request) {
	p.sessions.end(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
