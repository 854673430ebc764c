package web

import (
	"fmt"
	"net/http"
	"strconv"
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
	h, code, complaint := p.firstPassword(r)
	if complaint != "" {
		p.refuse(w, r, code, complaint)
		return
	}
	p.welcome(w, r, h)
}

// firstPassword keeps the first password that a form brings. complaint says why it did
// not; empty: it has.
func (p *Page) firstPassword(r *http.Request) (h holder, code int, complaint string) {
	l := p.watcher.now()
	password := r.PostFormValue("password")
	switch {
	case l.err != nil:
		return h, http.StatusServiceUnavailable, silent
	case l.hash != "":
		return h, http.StatusConflict, "A password has been set already: log in with it. If it was not you, reset it on the console of the box."
	}
	if complaint := unfit(password, r.PostFormValue("again")); complaint != "" {
		return h, http.StatusBadRequest, complaint
	}
	hash, err := p.hasher.hash(r.Context(), password)
	if err == nil {
		err = p.control.SetPassword(r.Context(), control.PasswordChange{New: hash})
	}
	if err != nil {
		return h, http.StatusServiceUnavailable, sentence(err)
	}
	p.log.Info("the first password has been set", "from", neighbour(r.RemoteAddr).String())
	return holder{owners, hash}, http.StatusOK, ""
}

// unfit says why a password cannot be taken; empty: it can.
func unfit(password, again string) string {
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return fmt.Sprintf("Choose a password of at least %d characters.", minPassword)
	case len(password) > maxPassword:
		return fmt.Sprintf("Choose a password of at most %d bytes.", maxPassword)
	case password != again:
		return "The two passwords are not the same."
	}
	return ""
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
	h, code, complaint := p.prove(w, r, r.PostFormValue("password"), l.holders()...)
	if complaint != "" {
		p.refuse(w, r, code, complaint)
		return
	}
	p.log.Info("login", "from", neighbour(r.RemoteAddr).String(), "full", h.scope == owners)
	p.welcome(w, r, h)
}

// prove looks whose password it is, as often as the limiter allows from there; it says
// what is wrong, or nothing.
func (p *Page) prove(w http.ResponseWriter, r *http.Request, password string, holders ...holder) (h holder, code int, complaint string) {
	who := turnOf(r, p.watcher.now().hash)
	if wait := p.attempts.begin(who); wait > 0 {
		seconds := int((wait + time.Second - 1) / time.Second)
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		return h, http.StatusTooManyRequests, fmt.Sprintf("Too many wrong passwords from your address: wait %d s and try again.", seconds)
	}
	if len(password) > maxPassword {
		password = "" // none is so long
	}
	for _, h := range holders {
		right, err := p.hasher.check(r.Context(), h.hash, password)
		switch {
		case err != nil:
			p.attempts.withdraw(who)
			return h, http.StatusServiceUnavailable, sentence(err)
		case right && h.scope == owners:
			p.attempts.succeeded(who)
			return h, http.StatusOK, ""
		case right:
			// Whoever may look would else guess the owner's password in between for good.
			p.attempts.withdraw(who)
			return h, http.StatusOK, ""
		}
	}
	p.log.Warn("wrong password", "from", neighbour(r.RemoteAddr).String())
	return h, http.StatusForbidden, "That is not the password."
}

// welcome begins a session and leads back to the page.
func (p *Page) welcome(w http.ResponseWriter, r *http.Request, h holder) {
	p.renew(w, r, h)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// renew begins a session in the place of the one that the request has.
func (p *Page) renew(w http.ResponseWriter, r *http.Request, h holder) {
	p.watcher.stale()
	p.sessions.end(w, r)
	w.Header().Del("Set-Cookie")
	p.sessions.begin(w, r, h)
	if h.scope == owners {
		rememberBrowser(w, r, h.hash)
	}
}

func (p *Page) logout(w http.ResponseWriter, r *http.Request) {
	p.sessions.end(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
