package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

var shownToken = regexp.MustCompile(`<code class="token">(limpid_[A-Z2-7]{26})</code>`)

func TestTokenIsMadeAndRevoked(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	now := time.Now()
	p.uses.clock = func() time.Time { return now }
	v := owner(t, p)
	for name, c := range map[string]struct {
		fields []string
		code   int
		says   string
	}{
		"no name":        {[]string{"name", " ", "scope", "read", "old", secret}, 400, "Give the token a name"},
		"no scope":       {[]string{"name", "a", "old", secret}, 400, "what the token may do"},
		"foreign scope":  {[]string{"name", "a", "scope", "socket", "old", secret}, 400, "what the token may do"},
		"wrong password": {[]string{"name", "a", "scope", "full", "old", "no wire"}, 403, "not the password"},
	} {
		if got := v.post("/access/tokens", field(c.fields...)); got.StatusCode != c.code || !strings.Contains(got.text, c.says) || len(b.tokens) > 0 {
			t.Errorf("%s: %s, want %d and %q", name, got.Status, c.code, c.says)
		}
	}
	got := v.post("/access/tokens", field("name", " <graphs> ", "scope", "read", "old", secret))
	m := shownToken.FindStringSubmatch(got.text)
	if got.StatusCode != http.StatusOK || m == nil {
		t.Fatalf("made: %s", got.text)
	}
	token := m[1]
	if len(b.tokens) != 1 || b.tokens[0].Name != "<graphs>" || b.tokens[0].Scope != control.ScopeRead || b.tokens[0].Digest != digestOf(token) {
		t.Errorf("kept: %+v", b.tokens)
	}
	got = v.get("/access")
	if strings.Contains(got.text, token) || strings.Contains(got.text, digestOf(token)) || !strings.Contains(got.text, "&lt;graphs&gt;") || !strings.Contains(got.text, "never used") || !strings.Contains(got.text, "only reads") {
		t.Errorf("listed: %s", got.text)
	}
	if got := v.post("/access/tokens", field("name", "<graphs>", "scope", "read", "old", secret)); got.StatusCode != http.StatusConflict || strings.Contains(got.text, "limpid_") {
		t.Errorf("the same name: %s", got.Status)
	}

	// A program uses it; the supervisor is told once a minute.
	program := &visitor{t: t, handler: p.Handler()}
	bearer := []string{"Authorization", "Bearer " + token}
	for range 3 {
		if got := program.call(t.Context(), "GET", "/api/v1/status", "", bearer); got.StatusCode != http.StatusOK || !strings.Contains(got.text, `"mode": "inline"`) {
			t.Errorf("used: %s", got.text)
		}
	}
	now = now.Add(useEvery)
	program.call(t.Context(), "GET", "/api/v1/status", "", bearer)
	if id := b.tokens[0].ID; len(b.used) != 2 || b.used[0] != id {
		t.Errorf("noted %q of %s", b.used, id)
	}
	b.set(func(b *box) { b.tokens[0].Used = time.Now().Add(-3 * time.Hour) })
	p.watcher.stale()
	if got := v.get("/access").text; !strings.Contains(got, "last used 3 h 0 min ago") {
		t.Errorf("used: %s", got)
	}

	// It holds no longer from the moment on that it is revoked.
	path := "/access/tokens/" + b.tokens[0].ID + "/revoke"
	if got := v.post(path, nil); got.StatusCode != http.StatusSeeOther {
		t.Errorf("revoked: %s", got.text)
	}
	if got := program.call(t.Context(), "GET", "/api/v1/status", "", bearer); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("after it was revoked: %s", got.Status)
	}
	if got := v.post(path, nil); got.StatusCode != http.StatusConflict {
		t.Errorf("revoked twice: %s", got.Status)
	}
}

func TestTokensAreBounded(t *testing.T) {
	b := guarded()
	for range maxTokens {
		b.tokens = append(b.tokens, control.Token{Name: "more"})
	}
	v := enter(t, newPage(t, b), holder{owners, "of the owner"})
	if got := v.get("/access").text; strings.Contains(got, "Make a token") || !strings.Contains(got, "revoke one") {
		t.Errorf("%s", got)
	}
}

func TestUsesAreBounded(t *testing.T) {
	u := newUses(time.Now)
	for range 100 * maxTokens {
		u.due(time.Now().String())
	}
	if len(u.last) > 4*maxTokens+1 {
		t.Errorf("%d are kept", len(u.last))
	}
}
