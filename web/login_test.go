package web

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestFirstRun(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	v := &visitor{t: t, handler: p.Handler()}
	for name, c := range map[string]struct {
		password, again string
		want            string
	}{
		"short":     {"1234567", "1234567", "at least 8"},
		"differing": {secret, secret + "x", "not the same"},
		"endless":   {strings.Repeat("x", 257), strings.Repeat("x", 257), "at most 256"},
	} {
		r := v.post("/password", field("password", c.password, "again", c.again))
		if got := r.text; r.StatusCode != http.StatusBadRequest || !strings.Contains(got, c.want) || b.hash != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if r := v.post("/login", field("password", "")); r.StatusCode != http.StatusConflict {
		t.Errorf("login without a password: %s", r.Status)
	}
	v = owner(t, p)
	c := v.cookie
	if c == nil || !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %+v", c)
	}
	if !strings.HasPrefix(b.hash, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(b.hash, secret) {
		t.Errorf("kept: %s", b.hash)
	}
	before := b.hash
	if r := v.post("/password", field("password", secret, "again", secret)); r.StatusCode != http.StatusConflict || b.hash != before {
		t.Errorf("set twice: %s", r.Status)
	}
}

func TestLogin(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	owner(t, p)
	v := &visitor{t: t, handler: p.Handler()}
	for _, wrong := range []string{"", "A wire is a wire", strings.Repeat("x", 3000)} {
		if r := v.post("/login", field("password", wrong)); r.StatusCode != http.StatusForbidden || v.cookie != nil {
			t.Errorf("%.20q: %s", wrong, r.Status)
		}
	}
	if r := v.post("/login", field("password", secret)); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("right password: %s", r.text)
	}
	if got := v.get("/").text; !strings.Contains(got, "Bypass now") || !strings.Contains(got, "1.2.3") {
		t.Errorf("logged in:\n%s", got)
	}
	old := *v.cookie
	if r := v.post("/logout", nil); r.StatusCode != http.StatusSeeOther || v.cookie.MaxAge >= 0 {
		t.Errorf("logout: %s, cookie %+v", r.Status, v.cookie)
	}
	v.cookie = &old
	if r := v.post("/bypass", field("for", "on")); r.StatusCode != http.StatusForbidden || len(b.ordeal) != 0 {
		t.Errorf("switched after the logout: %s", r.Status)
	}
}

// The password that was reset on the console ends what it began.
func TestResetEndsSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := whole()
		v := owner(t, newPage(t, b))
		b.set(func(b *box) { b.hash = "" })
		time.Sleep(freshFor)
		if r := v.post("/bypass", field("for", "on")); r.StatusCode != http.StatusForbidden || len(b.ordeal) != 0 {
			t.Errorf("switched: %s", r.Status)
		}
		if got := v.get("/").text; !strings.Contains(got, "Set a password") {
			t.Errorf("got %s", got)
		}
	})
}

func TestLimiterNeverLocksOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPage(t, whole())
		owner(t, p)
		guesser := &visitor{t: t, handler: p.Handler(), from: "192.0.2.66:1000"}
		for i := range freeTries {
			if r := guesser.post("/login", field("password", "a guess")); r.StatusCode != http.StatusForbidden {
				t.Fatalf("try %d: %s", i, r.Status)
			}
		}
		r := guesser.post("/login", field("password", secret))
		if r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") != "2" {
			t.Errorf("after %d tries: %s, Retry-After %q", freeTries, r.Status, r.Header.Get("Retry-After"))
		}
		elsewhere := &visitor{t: t, handler: p.Handler(), from: "192.0.2.67:1000"}
		if r := elsewhere.post("/login", field("password", secret)); r.StatusCode != http.StatusSeeOther {
			t.Errorf("the owner, elsewhere: %s", r.Status)
		}
		// An hour of guessing whenever it is allowed, and the owner at the same place
		// waits a minute.
		tries := 0
		for begun := time.Now(); time.Since(begun) < time.Hour; time.Sleep(time.Second) {
			if guesser.post("/login", field("password", "a guess")).StatusCode == http.StatusForbidden {
				tries++
			}
		}
		if tries < 50 || tries > 70 {
			t.Errorf("%d tries in an hour", tries)
		}
		time.Sleep(lastWait)
		if r := guesser.post("/login", field("password", secret)); r.StatusCode != http.StatusSeeOther {
			t.Errorf("a minute later: %s", r.Status)
		}
	})
}

// Somebody at the owner's own address takes every turn there is: a browser that the owner has used before has turns of
// its own, and nobody can make one that has.
func TestGuesserAtTheOwnersAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPage(t, whole())
		v := owner(t, p)
		if r := v.post("/logout", nil); r.StatusCode != http.StatusSeeOther || v.known == nil {
			t.Fatalf("%s, known by %v", r.Status, v.known)
		}
		stranger := &visitor{t: t, handler: p.Handler()}
		stranger.known = &http.Cookie{Name: knownName, Value: "NAME." + sealOf("NAME", "")}
		tries := 0
		for begun := time.Now(); time.Since(begun) < time.Hour; time.Sleep(time.Second) {
			if stranger.post("/login", field("password", "a guess")).StatusCode == http.StatusForbidden {
				tries++
			}
		}
		if tries > 70 {
			t.Errorf("%d tries in an hour", tries)
		}
		if r := v.post("/login", field("password", secret)); r.StatusCode != http.StatusSeeOther {
			t.Errorf("the owner, meanwhile: %s", r.Status)
		}
	})
}

func TestOneNetworkIsOnePlace(t *testing.T) {
	for a, want := range map[string]string{
		"192.0.2.7:1":                     "192.0.2.7",
		"[::ffff:192.0.2.7]:1":            "192.0.2.7",
		"[2001:db8:1:2:aaaa:bbbb:cc:1]:9": "2001:db8:1:2::",
		"[fe80::1%br0]:9":                 "fe80::1",
	} {
		if got := neighbour(a).String(); got != want {
			t.Errorf("%s is %s, want %s", a, got, want)
		}
	}
}

func TestPlacesAreBounded(t *testing.T) {
	a := newAttempts(time.Now)
	for i := range 2 * maxPlaces {
		a.begin(neighbour("[2001:db8:0:" + digits(i) + "::1]:1").String())
	}
	if len(a.places) > maxPlaces {
		t.Errorf("%d places", len(a.places))
	}
}

func digits(i int) string {
	const all = "0123456789abcdef"
	return string([]byte{all[i>>12&15], all[i>>8&15], all[i>>4&15], all[i&15]})
}
