package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

func TestStateInOneWord(t *testing.T) {
	for name, c := range map[string]struct {
		change     func(*control.Status)
		word, tone string
	}{
		"well":     {func(*control.Status) {}, "INLINE", good},
		"starting": {func(s *control.Status) { s.Mode = control.Starting }, "STARTING", idle},
		"ordered":  {func(s *control.Status) { s.Mode, s.Bypass.On = control.Bypass, true }, "BYPASS", warn},
		"fault":    {func(s *control.Status) { s.Mode, s.Reason = control.Bypass, "proxy was ended" }, "BYPASS", bad},
		"no link":  {func(s *control.Status) { s.Wire.WAN.Carrier = false }, "DEGRADED", warn},
		"problem":  {func(s *control.Status) { s.Problems = []string{"log: full"} }, "DEGRADED", warn},
		"alarm":    {func(s *control.Status) { s.Box = &control.Box{Alarms: []control.Alarm{{About: "data"}}} }, "DEGRADED", warn},
	} {
		l := look{status: whole().status, hash: "set"}
		c.change(&l.status)
		if v := viewOf(l, true, time.Now()); v.Word != c.word || v.Tone != c.tone || v.Why == "" {
			t.Errorf("%s: %s, %s: %s", name, v.Word, v.Tone, v.Why)
		}
	}
}

// What is shown without login is what harms nobody.
func TestStrangersSeeLittle(t *testing.T) {
	b := whole()
	b.hash = "set"
	b.status.Mode, b.status.Reason = control.Bypass, "health check: dial 127.0.0.1:8080"
	b.status.Problems = []string{"syslog: cannot reach 198.51.100.7"}
	b.status.Flows.Captured, b.status.Web.Fingerprint = 987, "AB:CD"
	v := &visitor{t: t, handler: newPage(t, b).Handler()}
	for _, path := range []string{"/", "/live"} {
		got := v.get(path).text
		for _, hidden := range []string{"eth0", "02:00:00", "198.51.100.7", "127.0.0.1", "987", "1.2.3", "234", "AB:CD", "1 Gbit"} {
			if strings.Contains(got, hidden) {
				t.Errorf("%s tells strangers %q:\n%s", path, hidden, got)
			}
		}
		for _, shown := range []string{"BYPASS", "1 to look at", "link is up", "Log in"} {
			if !strings.Contains(got, shown) {
				t.Errorf("%s does not say %q:\n%s", path, shown, got)
			}
		}
	}
}

func TestSupervisorIsSilent(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	v := owner(t, p)
	b.set(func(b *box) { b.err = errors.New("no limpid runs there") })
	p.watcher.stale()
	got := v.get("/").text
	if !strings.Contains(got, "UNKNOWN") || !strings.Contains(got, "does not answer") || strings.Contains(got, "INLINE") {
		t.Errorf("got %s", got)
	}
	for _, path := range []string{"/bypass", "/login", "/password"} {
		if r := v.post(path, field("for", "on", "password", secret, "again", secret)); r.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
}

// A change that waits is seen on the first page, by those who have logged in.
func TestTrialIsShown(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	v := owner(t, p)
	b.set(func(b *box) { b.status.Trial = &control.Trial{Who: "10.0.0.1", Left: 57} })
	p.watcher.stale()
	if got := v.get("/live").text; !strings.Contains(got, `data-left="57"`) || !strings.Contains(got, "/settings/undo") {
		t.Errorf("got %s", got)
	}
	if got := (&visitor{t: t, handler: p.Handler()}).get("/").text; strings.Contains(got, "10.0.0.1") {
		t.Errorf("strangers are told: %s", got)
	}
}

func TestSwitch(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	for i, c := range []struct {
		value string
		d     time.Duration
		mode  control.Mode
	}{
		{"1m", time.Minute, control.Bypass},
		{"10m", 10 * time.Minute, control.Bypass},
		{"1h", time.Hour, control.Bypass},
		{"on", 0, control.Bypass},
		{"off", 0, control.Inline},
	} {
		r := v.post("/bypass", field("for", c.value))
		if r.StatusCode != http.StatusSeeOther || len(b.ordeal) != i+1 || b.ordeal[i] != c.d || b.status.Mode != c.mode {
			t.Errorf("%s: %s, ordered %v, mode %s", c.value, r.Status, b.ordeal, b.status.Mode)
		}
	}
	for _, value := range []string{"", "2m", "ON"} {
		if r := v.post("/bypass", field("for", value)); r.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %s", value, r.Status)
		}
	}
	if got := v.get("/bypass").text; !strings.HasPrefix(got, "HTTP/1.1 405") {
		t.Errorf("GET switches: %s", got)
	}
}

// However many look, the supervisor is asked twice a second.
func TestSupervisorIsAskedSeldom(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	now := time.Now()
	p.watcher.clock = func() time.Time { return now }
	v := &visitor{t: t, handler: p.Handler()}
	for range 100 {
		v.get("/live")
	}
	// Nor for those who may not go on.
	for range 100 {
		v.get("/log")
		v.get("/settings/confirm?token=guess")
		v.post("/bypass", nil)
	}
	now = now.Add(freshFor)
	v.get("/live")
	if b.asked != 2 {
		t.Errorf("asked %d times", b.asked)
	}
	member := owner(t, p)
	charts := 0
	p.charts["10m"].clock = func() time.Time { return now }
	p.charts["10m"].ask = func(context.Context) (control.History, error) {
		charts++
		return control.History{}, nil
	}
	for range 100 {
		member.get("/live")
	}
	if charts != 1 {
		t.Errorf("asked %d times for what the chart shows", charts)
	}
}

// What is left of a bypass stands on every page, and counts down.
func TestBypassIsToldEverywhere(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	v := owner(t, p)
	const note = `id="bypass"`
	contains(t, "inline", v.get("/settings"), []string{"<h1"}, []string{note})
	b.status.Mode, b.status.Bypass = control.Bypass, control.Override{On: true, Until: p.clock().Add(5 * time.Minute)}
	p.watcher.stale()
	for _, path := range []string{"/log", "/flows", "/doctor", "/settings", "/access"} {
		contains(t, path, v.get(path), []string{note, `data-bypass="`, "/countdown.js"}, nil)
	}
	contains(t, "the page with the switch", v.get("/"), []string{"data-left="}, []string{note})
	b.status.Bypass.Until = time.Time{}
	p.watcher.stale()
	contains(t, "without an end", v.get("/log"), []string{note, "until someone ends it"}, []string{"data-bypass="})
	contains(t, "to a stranger", (&visitor{t: t, handler: v.handler}).get("/log"), nil, []string{note})
}

func TestNumbersAndTimes(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567"} {
		if got := number(n); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 59 * time.Second: "59 s", 90 * time.Second: "1 min 30 s", 90 * time.Minute: "1 h 30 min", 49 * time.Hour: "2 d 1 h",
	} {
		if got := ago(d); got != want {
			t.Errorf("%v is %q", d, got)
		}
	}
	for mbps, want := range map[int]string{100: "100 Mbit/s", 1000: "1 Gbit/s", 2500: "2.5 Gbit/s"} {
		if got := speed(mbps); got != want {
			t.Errorf("%d is %q", mbps, got)
		}
	}
}

// What the cables are like is for who has logged in.
func TestLinkInWords(t *testing.T) {
	b := whole()
	b.status.Wire.LAN.Name, b.status.Wire.LAN.Speed, b.status.Wire.LAN.FullDuplex = "eth0", 1000, true
	b.status.Wire.WAN.Name, b.status.Wire.WAN.Speed = "eth1", 100
	b.status.Frames.WAN.Errors = 1234
	p := newPage(t, b)
	words := []string{"eth0 · 1 Gbit/s · full duplex", "eth1 · 100 Mbit/s · half duplex", `<a href="/doctor#errors">no errors</a>`, `<a href="/doctor#errors">` + number(1234) + " errors</a>"}
	contains(t, "the owner", owner(t, p).get("/live"), words, nil)
	contains(t, "a stranger", (&visitor{t: t, handler: p.Handler()}).get("/live"), []string{"link is up"}, []string{"eth0", "duplex", "errors"})
}
