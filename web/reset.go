package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"limpid/appliance/control"
)

// resetView says what a factory reset does, before it is done and while it is.
type resetView struct {
	frame
	Guest    bool   // on a host, whose file it is
	Ports    string // of the wire
	Sessions int
	Tokens   int
	At       string // when it was asked for; empty: not yet
}

// askReset says what would go and what would stay, and asks for the password.
func (p *Page) askReset(w http.ResponseWriter, r *http.Request) {
	p.askResetWith(w, r, http.StatusOK, "")
}

func (p *Page) askResetWith(w http.ResponseWriter, r *http.Request, code int, message string) {
	l, who := p.visitor(r)
	v := resetView{
		frame: p.frameOf(l, who, "/settings"), Guest: l.status.Box == nil, Ports: l.status.Wire.LAN.Name + " and " + l.status.Wire.WAN.Name,
		Sessions: len(p.sessions.list(r, l.holders())), Tokens: len(l.tokens),
	}
	v.Title, v.Message = "factory reset?", message
	p.write(w, code, "reset.html", v)
}

// factoryReset begins it, for the owner who says by the password that it is meant.
func (p *Page) factoryReset(w http.ResponseWriter, r *http.Request) {
	l := p.watcher.now()
	if _, code, complaint := p.prove(w, r, r.PostFormValue("old"), holder{owners, l.hash}); complaint != "" {
		p.askResetWith(w, r, code, complaint)
		return
	}
	from := neighbour(r.RemoteAddr).String()
	if err := p.control.Reset(r.Context(), control.ResetRequest{Confirm: control.ResetConfirm, Who: from}); err != nil {
		p.askResetWith(w, r, http.StatusConflict, sentence(err))
		return
	}
	p.log.Warn("factory reset on the page", "from", from)
	p.watcher.stale()
	v := resetView{frame: p.frameOf(l, strangers, "/settings"), Guest: l.status.Box == nil, At: p.clock().In(l.zone()).Format(time.TimeOnly)}
	v.Title = "factory reset"
	p.sessions.end(w, r) // it ends with the password anyway; the browser need not keep its cookie
	p.write(w, http.StatusOK, "reset.html", v)
}

// What a caller is told who asks for a reset without the password.
var errResetPassword = errors.New("factory reset: give \"password\", the owner's: a token alone must not make its holder the next owner")

// provenReset is a request for a reset from over HTTPS, as it is passed on: of who has
// given the owner's password, which stays here. A code other than 200 refuses it.
func (p *Page) provenReset(w http.ResponseWriter, r *http.Request, body []byte, who caller) (proven []byte, code int, err error) {
	request, err := strictly[control.ResetRequest](body)
	switch {
	case err != nil:
		return nil, http.StatusBadRequest, err
	case request.Confirm != control.ResetConfirm:
		return nil, http.StatusBadRequest, fmt.Errorf("factory reset: give \"confirm\": %q", control.ResetConfirm)
	case request.Password == "":
		return nil, http.StatusForbidden, errResetPassword
	}
	if _, code, complaint := p.prove(w, r, request.Password, holder{owners, p.watcher.now().hash}); complaint != "" {
		return nil, code, fmt.Errorf("factory reset: %s", complaint)
	}
	request.Password, request.Who = "", who.name
	proven, err = json.Marshal(request)
	return proven, http.StatusOK, err
}
