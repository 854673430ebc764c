package web

import (
	"net/http"
	"strings"
	"testing"
)

const toLook = "a wire to look at"

// reading is a visitor who has logged in with the second password.
func reading(t *testing.T, p *Page, v *visitor) *visitor {
	t.Helper()
	if r := v.post("/access/reader", field("old", secret, "password", toLook, "again", toLook)); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("set: %s", r.text)
	}
	reader := &visitor{t: t, handler: p.Handler(), from: "192.0.2.99:1"}
	if r := reader.post("/login", field("password", toLook)); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("login: %s", r.text)
	}
	return reader
}

func TestSecondPassword(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	v := owner(t, p)
	for name, c := range map[string]struct {
		old, fresh, again string
		code              int
		says              string
	}{
		"not the owner's":     {toLook, toLook, toLook, 403, "not the password"},
		"too short":           {secret, "short", "short", 400, "at least 8"},
		"not the same":        {secret, toLook, toLook + "!", 400, "not the same"},
		"the owner's as well": {secret, secret, secret, 400, "must differ"},
	} {
		if r := v.post("/access/reader", field("old", c.old, "password", c.fresh, "again", c.again)); r.StatusCode != c.code || !strings.Contains(r.text, c.says) || b.reader != "" {
			t.Errorf("%s: %s, want %d and %q", name, r.Status, c.code, c.says)
		}
	}
	if r := v.post("/access/reader/remove", nil); r.StatusCode != http.StatusConflict {
		t.Errorf("removed before there is one: %s", r.Status)
	}
	reader := reading(t, p, v)
	if got := reader.get("/"); !strings.Contains(got.text, "eth0") || strings.Contains(got.text, "Bypass now") {
		t.Errorf("a reader sees %s", got.text)
	}
	if got := v.get("/access").text; strings.Count(got, "only looks") != 1 {
		t.Errorf("the owner sees %s", got)
	}
	if r := reader.post("/bypass", field("for", "on")); r.StatusCode != http.StatusForbidden || len(b.ordeal) > 0 || !strings.Contains(r.text, onlyLooks[:30]) {
		t.Errorf("a reader switches: %s", r.Status)
	}
	// The owner cannot take the reader's for his own: a login would not know whose it is.
	if r := v.post("/access/password", field("old", secret, "password", toLook, "again", toLook)); r.StatusCode != http.StatusBadRequest {
		t.Errorf("one for both: %s", r.Status)
	}
	if r := v.post("/access/password", field("old", secret, "password", another, "again", another)); r.StatusCode != http.StatusSeeOther {
		t.Errorf("the owner's is changed: %s", r.text)
	}
	if r := reader.get("/flows"); r.StatusCode != http.StatusOK {
		t.Errorf("a reader when the owner's is changed: %s", r.Status)
	}
	// Sessions end with another one, and with none.
	if r := v.post("/access/reader", field("old", another, "password", toLook+"!", "again", toLook+"!")); r.StatusCode != http.StatusSeeOther {
		t.Errorf("another one: %s", r.text)
	}
	if r := reader.get("/flows"); r.StatusCode != http.StatusForbidden {
		t.Errorf("a session of the one before: %s", r.Status)
	}
	if r := reader.post("/login", field("password", toLook)); r.StatusCode != http.StatusForbidden {
		t.Errorf("the one before: %s", r.Status)
	}
	if r := reader.post("/login", field("password", toLook+"!")); r.StatusCode != http.StatusSeeOther {
		t.Errorf("the one of now: %s", r.Status)
	}
	if r := v.post("/access/reader/remove", nil); r.StatusCode != http.StatusSeeOther || b.reader != "" {
		t.Errorf("removed: %s", r.Status)
	}
	if r := reader.get("/flows"); r.StatusCode != http.StatusForbidden {
		t.Errorf("a session of none: %s", r.Status)
	}
	if r := v.get("/access"); r.StatusCode != http.StatusOK {
		t.Errorf("the owner: %s", r.Status)
	}
}

// Who may look guesses the owner's password no faster for it.
func TestReadersGuessAsSlowly(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	reader := reading(t, p, owner(t, p))
	refused := 0
	for range 2 * freeTries {
		if r := reader.post("/login", field("password", "a guess")); r.StatusCode == http.StatusForbidden {
			refused++
		}
		reader.post("/login", field("password", toLook))
	}
	if refused != freeTries {
		t.Errorf("%d guesses were looked at, want %d", refused, freeTries)
	}
}

// However many of them log in, the owner's session stays.
func TestReadersEndNoOwnersSession(t *testing.T) {
	p := newPage(t, guarded())
	v := enter(t, p, holder{owners, "of the owner"})
	for range 2 * maxSessions {
		enter(t, p, holder{readers, "of the reader"})
	}
	if r := v.get("/access"); r.StatusCode != http.StatusOK || len(p.sessions.all) != 1+maxSessions {
		t.Errorf("%s, %d sessions", r.Status, len(p.sessions.all))
	}
}
