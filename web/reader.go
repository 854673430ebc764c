package web

import (
	"net/http"

	"limpid/appliance/control"
)

// setReader takes a second password from the owner: who has it sees everything and
// changes nothing. Sessions of the second password before end with it.
func (p *Page) setReader(w http.ResponseWriter, r *http.Request) {
	l := p.watcher.now()
	hash, ok := p.another(w, r, l, holder{owners, l.hash})
	if !ok {
		return
	}
	p.keepReader(w, r, control.PasswordChange{Old: l.reader, New: hash})
}

// removeReader does away with it.
func (p *Page) removeReader(w http.ResponseWriter, r *http.Request) {
	l := p.watcher.now()
	if l.reader == "" {
		p.listAccess(w, r, http.StatusConflict, "There is no second password any longer.")
		return
	}
	p.keepReader(w, r, control.PasswordChange{Old: l.reader})
}

func (p *Page) keepReader(w http.ResponseWriter, r *http.Request, change control.PasswordChange) {
	err := p.control.SetReader(r.Context(), change)
	p.watcher.stale()
	if err != nil {
		p.listAccess(w, r, http.StatusServiceUnavailable, sentence(err))
		return
	}
	p.log.Info("the second password has been changed", "there", change.New != "", "from", neighbour(r.RemoteAddr).String())
	http.Redirect(w, r, "/access", http.StatusSeeOther)
}
