package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"limpid/appliance/control"
)

// tokenPrefix begins each token, so that programs which look for secrets in the wrong
// places know one when they see it.
const tokenPrefix = "limpid_"

// maxTokens is how many the supervisor keeps, for people to read.
const maxTokens = 16

// tokenRow is a token as its owner sees it.
type tokenRow struct {
	ID, Name string
	Reads    bool // and changes nothing
	MadeAt   string
	UsedAgo  string // empty: never
}

// tokenRows shows them as seen from now, in its zone.
func tokenRows(all []control.Token, now time.Time) []tokenRow {
	var rows []tokenRow
	for _, t := range all {
		row := tokenRow{ID: t.ID, Name: t.Name, Reads: scopeOf(t.Scope) < owners, MadeAt: t.Made.In(now.Location()).Format(time.DateTime)}
		if !t.Used.IsZero() {
			row.UsedAgo = ago(now.Sub(t.Used))
		}
		rows = append(rows, row)
	}
	return rows
}

// makeToken makes a token for a program, and shows it this once: what is kept of it is
// a digest. It has 130 random bits, so that a digest that costs nothing is enough.
func (p *Page) makeToken(w http.ResponseWriter, r *http.Request) {
	l := p.watcher.now()
	request := control.TokenRequest{Name: strings.TrimSpace(r.PostFormValue("name")), Scope: r.PostFormValue("scope")}
	if request.Name == "" {
		p.listAccess(w, r, http.StatusBadRequest, "Give the token a name, by which you know later what it is for.")
		return
	}
	if scopeOf(request.Scope) == strangers {
		p.listAccess(w, r, http.StatusBadRequest, "Say what the token may do.")
		return
	}
	if _, code, complaint := p.prove(w, r, r.PostFormValue("old"), holder{owners, l.hash}); complaint != "" {
		p.listAccess(w, r, code, complaint)
		return
	}
	token := tokenPrefix + rand.Text()
	request.Digest = digestOf(token)
	_, err := p.control.AddToken(r.Context(), request)
	p.watcher.stale()
	if err != nil {
		p.listAccess(w, r, http.StatusConflict, sentence(err))
		return
	}
	p.log.Info("a token was made on the page", "name", request.Name, "scope", request.Scope, "from", neighbour(r.RemoteAddr).String())
	v := p.accessOf(r)
	v.Made, v.MadeName = token, request.Name
	p.write(w, http.StatusOK, "access.html", v)
}

// revokeToken ends one.
func (p *Page) revokeToken(w http.ResponseWriter, r *http.Request) {
	err := p.control.RemoveToken(r.Context(), r.PathValue("id"))
	p.watcher.stale()
	if err != nil {
		p.listAccess(w, r, http.StatusConflict, sentence(err))
		return
	}
	p.log.Info("a token was revoked on the page", "id", r.PathValue("id"), "from", neighbour(r.RemoteAddr).String())
	http.Redirect(w, r, "/access", http.StatusSeeOther)
}

func digestOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
