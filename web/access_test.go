package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

const another = "another wire entirely"

func TestChangePassword(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	v := owner(t, p)
	other := &visitor{t: t, handler: v.handler, from: "192.0.2.99:1234"}
	if r := other.post("/login", field("password", secret)); r.StatusCode != http.StatusSeeOther {
		t.Fatal(r.Status)
	}
	stranger := &visitor{t: t, handler: v.handler, from: "192.0.2.66:1234"}
	before := b.hash
	for name, c := range map[string]struct {
		who            *visitor
		old, new, same string
		code           int
		says           string
	}{
		"a stranger":        {stranger, secret, another, another, http.StatusForbidden, "Log in"},
		"the old one wrong": {v, "no wire at all", another, another, http.StatusForbidden, "That is not the password."},
		"too short":         {v, secret, "short", "short", http.StatusBadRequest, "at least 8"},
		"not the same":      {v, secret, another, another + "!", http.StatusBadRequest, "not the same"},
	} {
		if r := c.who.post("/access/password", field("old", c.old, "password", c.new, "again", c.same)); r.StatusCode != c.code || !strings.Contains(r.text, c.says) || b.hash != before {
			t.Errorf("%s: %s, want %d and %q", name, r.Status, c.code, c.says)
		}
	}
	if r := v.post("/access/password", field("old", secret, "password", another, "again", another)); r.StatusCode != http.StatusSeeOther || b.hash == before {
		t.Fatalf("changed: %s", r.text)
	}
	if r := v.get("/access"); r.StatusCode != http.StatusOK {
		t.Errorf("who has changed it: %s", r.Status)
	}
	if r := other.get("/access"); r.StatusCode != http.StatusForbidden {
		t.Errorf("a session of the old password: %s", r.Status)
	}
	if r := other.post("/login", field("password", secret)); r.StatusCode != http.StatusForbidden {
		t.Errorf("the old password: %s", r.Status)
	}
	if r := other.post("/login", field("password", another)); r.StatusCode != http.StatusSeeOther {
		t.Errorf("the new password: %s", r.Status)
	}
}

// Of two who change it at once only one does: the other's change is of a password that no longer holds.
func TestPasswordIsChangedMeanwhile(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	v := owner(t, p)
	v.get("/") // the page knows the hash
	hash, err := p.hasher.hash(t.Context(), another)
	if err != nil {
		t.Fatal(err)
	}
	known := b.hash
	b.set(func(b *box) { b.hash = hash })
	p.watcher.mu.Lock()
	at := p.watcher.last.at
	p.watcher.last.hash, p.watcher.clock = known, func() time.Time { return at } // however long a hash takes
	p.watcher.mu.Unlock()
	if r := v.post("/access/password", field("old", secret, "password", another, "again", another)); r.StatusCode != http.StatusServiceUnavailable || b.hash != hash {
		t.Errorf("%s", r.text)
	}
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	v := owner(t, p)
	other := &visitor{t: t, handler: v.handler, from: "192.0.2.99:1234"}
	other.post("/login", field("password", secret))
	text := v.get("/access").text
	names := regexp.MustCompile(`/access/sessions/([0-9a-f]+)/end"><button class="quiet" aria-label="End the session from ([^ ]+) `).FindAllStringSubmatch(text, -1)
	if len(names) != 2 || strings.Count(text, ">you<") != 1 || !strings.Contains(text, "192.0.2.99") {
		t.Fatalf("sessions %v in %s", names, text)
	}
	if strings.Contains(text, v.cookie.Value) || strings.Contains(text, other.cookie.Value) {
		t.Error("the page tells a cookie")
	}
	stranger := &visitor{t: t, handler: v.handler}
	for _, name := range names {
		if r := stranger.post("/access/sessions/"+name[1]+"/end", nil); r.StatusCode != http.StatusForbidden {
			t.Errorf("a stranger: %s", r.Status)
		}
	}
	for _, name := range names {
		if name[2] != "192.0.2.99" {
			continue
		}
		if r := v.post("/access/sessions/"+name[1]+"/end", nil); r.StatusCode != http.StatusSeeOther {
			t.Errorf("ended: %s", r.Status)
		}
		if r := v.post("/access/sessions/"+name[1]+"/end", nil); r.StatusCode != http.StatusConflict || !strings.Contains(r.text, "ended already") {
			t.Errorf("ended twice: %s", r.Status)
		}
	}
	if r := other.get("/access"); r.StatusCode != http.StatusForbidden {
		t.Errorf("after its end: %s", r.Status)
	}
	if r := v.get("/access"); r.StatusCode != http.StatusOK {
		t.Errorf("the other one: %s", r.Status)
	}
}

var _ Control = (*control.Client)(nil)
