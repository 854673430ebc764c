package web

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
	"time"

	"limpid/appliance/control"
)

// caller is who calls the API.
type caller struct {
	scope scope
	name  string // for the history of the settings and the log
}

// What those are told who may not call.
const (
	tokenFirst   = "send a token, as \"Authorization: Bearer TOKEN\": the page makes one under Access"
	tokenUnknown = "this token does not hold, or no longer"
	tokenReads   = "this may only read: it takes the scope \"full\""
)

// callerOf says who calls, or answers for itself. A token alone decides, if there is
// one: it makes nobody log in. A session counts for the page's own scripts and for
// whoever types the address, and not for what another site may have a browser send;
// every browser of today says which it is (Fetch Metadata Request Headers, 2.3).
func (p *Page) callerOf(w http.ResponseWriter, r *http.Request, least scope) (c caller, ok bool) {
	l := p.watcher.now()
	if l.err != nil {
		failAPI(w, http.StatusServiceUnavailable, "the box's supervisor does not answer")
		return c, false
	}
	from := neighbour(r.RemoteAddr).String()
	refusal := tokenFirst
	if header := r.Header.Get("Authorization"); header != "" {
		if t, holds := tokenIn(header, l.tokens); holds {
			c = caller{scopeOf(t.Scope), "token " + t.Name + ", " + from}
			p.note(r.Context(), t)
		} else {
			refusal = tokenUnknown
		}
	} else if site := r.Header.Get("Sec-Fetch-Site"); site == "same-origin" || site == "none" {
		c = caller{p.sessions.scope(r, l.holders()), from}
	}
	switch {
	case c.scope == strangers:
		w.Header().Set("WWW-Authenticate", `Bearer realm="limpid"`) // RFC 6750, 3
		failAPI(w, http.StatusUnauthorized, refusal)
	case c.scope < least:
		failAPI(w, http.StatusForbidden, tokenReads)
	default:
		return c, true
	}
	return c, false
}

// tokenIn finds the token of a header among those that hold (RFC 6750, 2.1).
func tokenIn(header string, all []control.Token) (t control.Token, ok bool) {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return t, false
	}
	digest := []byte(digestOf(strings.TrimSpace(token)))
	for i := range all {
		if subtle.ConstantTimeCompare(digest, []byte(all[i].Digest)) == 1 {
			return all[i], true
		}
	}
	return t, false
}

// useEvery is how often the supervisor is told that a token is used.
const useEvery = time.Minute

// uses is when the supervisor was told last, by the tokens' IDs.
type uses struct {
	clock func() time.Time

	mu   sync.Mutex
	last map[string]time.Time
}

func newUses(clock func() time.Time) *uses {
	return &uses{clock: clock, last: make(map[string]time.Time)}
}

// due says whether it is to be told again. Of tokens that are gone little is left: there
// are few at a time, and all is forgotten now and then.
func (u *uses) due(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.clock()
	if since := now.Sub(u.last[id]); since >= 0 && since < useEvery {
		return false
	}
	if len(u.last) > 4*maxTokens {
		clear(u.last)
	}
	u.last[id] = now
	return true
}

// note has the use of a token noted. That it was not stops nobody.
func (p *Page) note(ctx context.Context, t control.Token) {
	if !p.uses.due(t.ID) {
		return
	}
	if err := p.control.UseToken(ctx, t.ID); err != nil {
		p.log.Warn("cannot note that a token is used", "name", t.Name, "error", err)
	}
}
