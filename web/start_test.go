package web

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

// wired is a box that frames cross.
func wired() *box {
	b := whole()
	b.status.Wire.Bridge = control.Link{Name: "br0", Present: true, Up: true, Carrier: true}
	b.status.Wire.LAN.FullDuplex = true
	b.status.Frames = control.Frames{LAN: control.PortFrames{Received: 34567, Sent: 45678}, WAN: control.PortFrames{Received: 56789, Sent: 67890}}
	b.settings = control.Settings{Text: "[bridge]\n", Digest: "now", Keys: []control.SettingsKey{
		{Key: "management.address", Value: `"dhcp"`, Default: `"dhcp"`}, {Key: "management.gateway", Value: `""`},
		{Key: "management.timezone", Value: `"UTC"`}, {Key: "cache.enabled", Value: "true"},
	}}
	return b
}

// contains wants texts in what came back, and others not.
func contains(t *testing.T, what string, got answer, want, not []string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(got.text, text) {
			t.Errorf("%s: no %q in\n%s", what, text, got.text)
		}
	}
	for _, text := range not {
		if strings.Contains(got.text, text) {
			t.Errorf("%s: %q is in\n%s", what, text, got.text)
		}
	}
}

func TestProof(t *testing.T) {
	const works = "The wire passes traffic"
	for name, c := range map[string]struct {
		change    func(*control.Status)
		want, not []string
	}{
		"works":               {func(*control.Status) {}, []string{works, "frames seen: yes"}, []string{"frames seen: no", "<li>No "}},
		"no cable at clients": {func(s *control.Status) { s.Wire.LAN.Carrier = false }, []string{"not pass traffic yet", "The clients’ side has no link. Plug in the cable that leads to your devices."}, []string{works, "The servers’ side has"}},
		"no cable at servers": {func(s *control.Status) { s.Wire.WAN.Carrier = false }, []string{"The servers’ side has no link. Plug in the cable that leads to your router."}, []string{works}},
		"silent servers":      {func(s *control.Status) { s.Frames.WAN.Received = 0 }, []string{"No frames from the servers’ side yet.", "frames seen: no"}, []string{works}},
		"silent clients":      {func(s *control.Status) { s.Frames.LAN.Received = 0 }, []string{"No frames from the clients’ side yet."}, []string{works}},
		"a port is missing":   {func(s *control.Status) { s.Wire.LAN = control.Link{Name: "eth0"} }, []string{"The clients’ port is missing."}, []string{works}},
		"a port is down":      {func(s *control.Status) { s.Wire.WAN.Up = false }, []string{"The servers’ port is down."}, []string{works}},
		"no bridge":           {func(s *control.Status) { s.Wire.Bridge.Up = false }, []string{"does not stand yet"}, []string{works}},
	} {
		b := wired()
		c.change(&b.status)
		stranger := &visitor{t: t, handler: newPage(t, b).Handler()}
		for _, path := range []string{"/start", "/start/live"} {
			contains(t, name+", "+path, stranger.get(path), c.want, c.not)
		}
	}
	b := wired()
	b.err = errors.New("no limpid runs there")
	contains(t, "no supervisor", (&visitor{t: t, handler: newPage(t, b).Handler()}).get("/start"), []string{"Nothing is known", "does not answer"}, []string{works})
}

// What strangers see of the first steps: whether, and not how much, by which names, where.
func TestStrangersSeeNoNumbersInTheFirstSteps(t *testing.T) {
	for _, hash := range []string{"", "set"} {
		b := wired()
		b.hash = hash
		b.status.Timezone = "Europe/Berlin"
		b.status.Address = control.Address{Prefix: netip.MustParsePrefix("198.51.100.7/24")}
		p := newPage(t, b)
		stranger := &visitor{t: t, handler: p.Handler()}
		numbers := []string{number(34567), number(45678), number(56789), number(67890), number(1234567), "34567", "1234567", "eth0", "Gbit/s", "duplex", "02:00:00", "1.2.3", "198.51.100.7", "Europe/Berlin"}
		for _, path := range []string{"/start", "/start/live", "/start/password", "/"} {
			contains(t, path, stranger.get(path), nil, numbers)
		}
		for _, path := range []string{"/start/address", "/start/time", "/start/use"} {
			got := stranger.get(path)
			if got.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %s", path, got.Status)
			}
			contains(t, path, got, []string{startFirst}, numbers)
		}
	}
	v := owner(t, newPage(t, wired()))
	for _, path := range []string{"/start", "/start/live"} {
		contains(t, path, v.get(path), []string{number(34567) + " came in, " + number(45678) + " went out", number(1234567), "eth0 · 1 Gbit/s · full duplex", "eth0 · 1 Gbit/s · half duplex"}, nil)
	}
}

func TestNoRequestYet(t *testing.T) {
	b := wired()
	b.status.Requests = 0
	v := owner(t, newPage(t, b))
	contains(t, "nothing captured", v.get("/start"), []string{"No request was captured yet.", "swap them", "The wire passes traffic"}, nil)
	b.set(func(b *box) { b.status.Mode, b.status.Reason = control.Bypass, "gate has ended" })
	v = owner(t, newPage(t, func() *box { b.hash = ""; return b }()))
	contains(t, "in bypass", v.get("/start"), []string{"gate has ended", "The wire passes traffic"}, nil)
}

// They are offered to who can go them, forced on nobody, and no more once they are put aside.
func TestFirstStepsAreOffered(t *testing.T) {
	const offer = `<a href="/start"><b>First steps</b></a>`
	b := wired()
	p := newPage(t, b)
	stranger := &visitor{t: t, handler: p.Handler()}
	contains(t, "a new box", stranger.get("/"), []string{offer, "Set password"}, []string{"/start/aside"})
	contains(t, "a new box", stranger.get("/start"), nil, []string{"/start/aside"})
	v := owner(t, p)
	contains(t, "its owner", v.get("/"), []string{offer, "/start/aside"}, nil)
	contains(t, "a stranger, later", stranger.get("/"), nil, []string{offer})
	contains(t, "who may look", reading(t, p, v).get("/"), nil, []string{offer})
	if r := v.post("/start/aside", nil); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/" || !b.status.Web.Started {
		t.Errorf("put aside: %s", r.text)
	}
	contains(t, "put aside", v.get("/"), nil, []string{offer})
	for _, s := range steps() {
		got := v.get(s.Path)
		contains(t, s.Path, got, []string{`aria-current="step">` + s.Name}, []string{"/start/aside"})
		if got.StatusCode != http.StatusOK {
			t.Errorf("%s is gone: %s", s.Path, got.Status)
		}
	}
}

// Each step leads to the next.
func TestStepsLeadOn(t *testing.T) {
	v := owner(t, newPage(t, wired()))
	all := steps()
	for i, s := range all {
		next := `action="/start/aside"><button>Leave it as it is`
		if i+1 < len(all) {
			next = `href="` + all[i+1].Path + `">` + map[bool]string{true: "Skip", false: "Go on"}[s.Path == startAddress] + "<"
		}
		contains(t, s.Path, v.get(s.Path), []string{next}, nil)
	}
}

func TestStartPassword(t *testing.T) {
	b := wired()
	v := &visitor{t: t, handler: newPage(t, b).Handler()}
	got := v.post("/start/password", field("password", "short", "again", "short"))
	if got.StatusCode != http.StatusBadRequest || b.hash != "" {
		t.Errorf("%s", got.Status)
	}
	contains(t, "too short", got, []string{"at least 8", `action="/start/password"`, `aria-current="step">Password`}, nil)
	got = v.post("/start/password", field("password", secret, "again", secret))
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/start/address" || b.hash == "" {
		t.Errorf("%s to %s", got.Status, got.Header.Get("Location"))
	}
	if got := v.get("/start/address"); got.StatusCode != http.StatusOK {
		t.Errorf("who has set it: %s", got.Status)
	}
	contains(t, "set", v.get("/start/password"), []string{"There is a password", "/access"}, []string{`action="/start/password"`})
	stranger := &visitor{t: t, handler: v.handler, from: "192.0.2.99:1"}
	if got := stranger.post("/start/password", field("password", another, "again", another)); got.StatusCode != http.StatusConflict {
		t.Errorf("the second one: %s", got.Status)
	}
	contains(t, "to a stranger", stranger.get("/start/password"), []string{`action="/login"`}, []string{`action="/start/password"`})
}

func TestStartAddress(t *testing.T) {
	b := wired()
	b.status.Address = control.Address{Prefix: netip.MustParsePrefix("192.0.2.77/24"), Gateway: netip.MustParseAddr("192.0.2.1")}
	p := newPage(t, b)
	v := owner(t, p)
	// What holds is what the form begins with.
	contains(t, "by DHCP", v.get("/start/address"), []string{`value="dhcp" checked`, `value="192.0.2.77/24"`, `value="192.0.2.1"`, "192.0.2.77/24, router 192.0.2.1"}, []string{`value="fixed" checked`})
	// What is so already is not tried.
	if got := v.post("/start/address", field("how", "dhcp", "address", "192.0.2.77/24", "then", "start")); got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/start/time" || len(b.edits) > 0 {
		t.Errorf("dhcp again: %s, %v", got.Status, b.edits)
	}
	b.review = control.SettingsReview{Confirm: true, Restart: true, Changes: []control.SettingsDiff{{Key: "management.address", Old: `"dhcp"`, New: `"192.0.2.20/24"`}}}
	got := v.post("/start/address", field("how", "fixed", "address", " 192.0.2.20/24 ", "gateway", "", "then", "start"))
	contains(t, "review", got, []string{"Try it", "The page will be at <b>192.0.2.20</b>", `name="then" value="start"`, `href="/start/address"`, `name="base" value="now"`, "management.address = &#34;192.0.2.20/24&#34;"}, nil)
	if e := b.edits[0]; len(e.Set) != 1 || e.Set["management.address"] != `"192.0.2.20/24"` || e.Text != b.settings.Text || len(b.changes) > 0 {
		t.Errorf("edited %+v, applied %+v", b.edits, b.changes)
	}
	// It goes on with the steps once it is kept.
	b.applied = control.SettingsApplied{Trial: &control.SettingsTrial{Left: 89}, Token: "TOKEN", Restart: true}
	got = v.post("/settings/apply", field("text", "a", "base", "now", "then", "start"))
	contains(t, "tried", got, []string{"https://192.0.2.20/settings/confirm?then=start&amp;token=TOKEN"}, nil)
	b.status.Trial = &control.Trial{Left: 80}
	p.watcher.stale()
	contains(t, "at the new address", v.get("/settings/confirm?then=start&token=TOKEN"), []string{`name="then" value="start"`}, nil)
	for then, place := range map[string]string{"start": "/start/time", "": "/settings/history", "https://attacker.example/": "/settings/history"} {
		b.token, b.who = "TOKEN", "10.0.0.1"
		if got := v.post("/settings/confirm", field("token", "TOKEN", "then", then)); got.Header.Get("Location") != place {
			t.Errorf("then %q leads to %q, want %q", then, got.Header.Get("Location"), place)
		}
	}
	// A mistake leaves what was typed.
	b.review = control.SettingsReview{Problems: []control.SettingsProblem{{Line: 3, Key: "management.gateway", Text: "is outside"}}}
	got = v.post("/start/address", field("how", "fixed", "address", "192.0.2.10/24", "gateway", "10.0.0.1"))
	contains(t, "a mistake", got, []string{"management.gateway: is outside", `value="192.0.2.10/24"`, `value="10.0.0.1"`, `value="fixed" checked`, `aria-current="step">Address`}, nil)
	for _, fields := range [][]string{{"how", "fixed", "address", ""}, {"address", "192.0.2.10/24"}} {
		if got := v.post("/start/address", field(fields...)); got.StatusCode != http.StatusBadRequest || !strings.Contains(got.text, `role="alert"`) {
			t.Errorf("%v: %s", fields, got.Status)
		}
	}
	// Back to DHCP, no router is left behind.
	b.set(func(b *box) {
		b.settings.Keys[0].Value, b.settings.Keys[1].Value, b.edits = `"192.0.2.10/24"`, `"192.0.2.1"`, nil
	})
	b.review = control.SettingsReview{}
	v.post("/start/address", field("how", "dhcp", "address", "192.0.2.10/24", "gateway", "192.0.2.1"))
	if e := b.edits[0].Set; len(e) != 2 || e["management.address"] != `"dhcp"` || e["management.gateway"] != `""` {
		t.Errorf("edited %+v", e)
	}
	contains(t, "a fixed one", v.get("/start/address"), []string{`value="fixed" checked`, `value="192.0.2.10/24"`, `value="192.0.2.1"`}, nil)
}

func TestStartTime(t *testing.T) {
	b := wired()
	b.status.Box = &control.Box{Clock: "firmware"}
	b.status.Timezone = "Asia/Tokyo"
	p := newPage(t, b)
	p.clock = func() time.Time { return time.Date(2026, 12, 24, 18, 0, 7, 0, time.UTC) }
	v := owner(t, p)
	contains(t, "time", v.get("/start/time"), []string{"Friday 25 December 2026, 03:00:07 JST", `value="2026-12-25T03:00"`, `value="Asia/Tokyo"`, "times in Asia/Tokyo", "Nobody has told the box the time"}, nil)
	for source, c := range map[string]struct {
		says string
		form bool
	}{
		"network": {"Time servers keep it.", false}, "clock chip": {"clock chip", true}, "system": {"clock chip", true}, "last run": {"last ran", true}, "person": {"Somebody has set it.", true},
	} {
		b.set(func(b *box) { b.status.Box.Clock = source })
		p.watcher.stale()
		got := v.get("/start/time")
		contains(t, source, got, []string{c.says}, nil)
		if strings.Contains(got.text, `action="/start/clock"`) != c.form {
			t.Errorf("%s: the form is there: %v, want %v", source, !c.form, c.form)
		}
	}
	for name, c := range map[string]struct {
		fields []string
		want   time.Time
	}{
		"of the device":    {[]string{"device", "1800000000123"}, time.UnixMilli(1800000000123)},
		"typed":            {[]string{"time", "2026-12-25T03:00"}, time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)},
		"with its seconds": {[]string{"time", "2026-12-25T03:00:05"}, time.Date(2026, 12, 24, 18, 0, 5, 0, time.UTC)},
	} {
		b.clock = nil
		if got := v.post("/start/clock", field(c.fields...)); got.StatusCode != http.StatusSeeOther || len(b.clock) != 1 || !b.clock[0].Equal(c.want) {
			t.Errorf("%s: %s, set to %v, want %v", name, got.Status, b.clock, c.want)
		}
	}
	b.clock = nil
	for _, fields := range [][]string{{"time", "noon"}, {"device", "now"}, {"device", "1e99"}, nil} {
		if got := v.post("/start/clock", field(fields...)); got.StatusCode != http.StatusBadRequest || len(b.clock) > 0 {
			t.Errorf("%v: %s, set to %v", fields, got.Status, b.clock)
		}
	}
	b.refusal = errors.New("set the clock: time servers keep it")
	if got := v.post("/start/clock", field("device", "1800000000123")); got.StatusCode != http.StatusConflict || !strings.Contains(got.text, "Set the clock: time servers keep it.") {
		t.Errorf("refused: %s", got.text)
	}
	b.set(func(b *box) { b.status.Box = nil })
	p.watcher.stale()
	contains(t, "a guest", v.get("/start/time"), []string{"host that limpid is a guest on"}, []string{`action="/start/clock"`})
}

func TestZoneIsKept(t *testing.T) {
	b := wired()
	v := owner(t, newPage(t, b))
	if got := v.post("/start/zone", field("zone", " Europe/Berlin ")); got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/start/time" {
		t.Errorf("%s", got.text)
	}
	if e := b.edits[0].Set; len(e) != 1 || e["management.timezone"] != `"Europe/Berlin"` {
		t.Errorf("edited %v", e)
	}
	if c := b.changes[0]; c.Base != "now" || c.Who != "192.0.2.1" || c.Note != "first steps" || !strings.Contains(c.Text, "Europe/Berlin") {
		t.Errorf("applied %+v", c)
	}
	b.review = control.SettingsReview{Problems: []control.SettingsProblem{{Key: "management.timezone", Text: `"Europe/Berln" is no time zone known here`}}}
	got := v.post("/start/zone", field("zone", "Europe/Berln"))
	if got.StatusCode != http.StatusBadRequest || len(b.changes) != 1 {
		t.Errorf("%s, applied %v", got.Status, b.changes)
	}
	contains(t, "a mistake", got, []string{"no time zone known here", `value="Europe/Berln"`}, nil)
	if got := v.post("/start/zone", field("zone", "UTC")); got.StatusCode != http.StatusSeeOther || len(b.changes) != 1 {
		t.Errorf("the one of now: %s, applied %v", got.Status, b.changes)
	}
}

func TestUse(t *testing.T) {
	b := wired()
	v := owner(t, newPage(t, b))
	contains(t, "use", v.get("/start/use"), []string{"keeps no responses, whichever you choose", `class="main" name="use" value="cache"`}, []string{`class="main" name="use" value="observe"`})
	if got := v.post("/start/use", field("use", "mine")); got.StatusCode != http.StatusBadRequest || len(b.changes) > 0 || b.status.Web.Started {
		t.Errorf("%s", got.Status)
	}
	if got := v.post("/start/use", field("use", "observe")); got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/" || !b.status.Web.Started {
		t.Errorf("%s", got.text)
	}
	if e := b.edits[0].Set; len(e) != 1 || e["cache.enabled"] != "false" || len(b.changes) != 1 {
		t.Errorf("edited %v, applied %v", e, b.changes)
	}
	// What is so already changes nothing, and is done as well.
	b.set(func(b *box) { b.status.Web.Started = false })
	if got := v.post("/start/use", field("use", "cache")); got.StatusCode != http.StatusSeeOther || len(b.changes) != 1 || !b.status.Web.Started {
		t.Errorf("as it is: %s, applied %v", got.Status, b.changes)
	}
}

// Every page tells times in the zone of the settings.
func TestTimesAreToldInTheZone(t *testing.T) {
	b := guarded()
	b.status.Timezone, b.status.Since = "Asia/Kolkata", time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)
	b.update.RebootAt = time.Date(2026, 12, 24, 18, 10, 0, 0, time.UTC)
	b.tokens[0].Made = time.Date(2026, 12, 24, 18, 20, 0, 0, time.UTC)
	b.drills = control.Drills{Drills: []control.Drill{{Struck: time.Date(2026, 12, 24, 18, 30, 0, 0, time.UTC)}}}
	b.captures.last = &control.PacketCapture{ID: 7, Begun: time.Date(2026, 12, 24, 18, 40, 0, 0, time.UTC)}
	b.pages = slices.Repeat([]control.LogPage{{Records: []control.LogRecord{{Time: time.Date(2026, 12, 24, 18, 50, 0, 0, time.UTC)}}}}, 4)
	v := enter(t, newPage(t, b), holder{owners, "of the owner"})
	for path, want := range map[string][]string{
		"/": {"2026-12-24 23:30:00 IST"}, "/update": {"2026-12-24 23:40:00"}, "/access": {"made 2026-12-24 23:50:00"}, "/drill": {"2026-12-25 00:00:00"},
		"/capture": {"since 00:10:00"}, "/log": {"00:20:00.000", "2026-12-25 00:20:00.000 IST"}, "/settings/history": {"1970-01-01 05:30:01"},
	} {
		contains(t, path, v.get(path), append(want, "times in Asia/Kolkata"), nil)
	}
	// A time that is typed is of the zone too.
	v.post("/update/plan", field("at", "2026-12-25T03:00"))
	if want := time.Date(2026, 12, 24, 21, 30, 0, 0, time.UTC).Format(time.DateTime); !slices.Contains(b.orders, want) {
		t.Errorf("planned for %v, want %s", b.orders, want)
	}
	b.set(func(b *box) { b.status.Timezone = "Nowhere/Known" })
	p := newPage(t, b)
	v = enter(t, p, holder{owners, "of the owner"})
	contains(t, "a zone that is not known", v.get("/"), []string{"2026-12-24 18:00:00 UTC", "times in UTC"}, nil)
}
