package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

// sees is a log with one record of each of these URLs, at these servers.
func sees(places ...string) []control.LogPage {
	var records []control.LogRecord
	for i := 0; i < len(places); i += 2 {
		records = append(records, record(func(r *control.LogRecord) {
			r.URL, r.Server = places[i], netip.MustParseAddrPort(places[i+1])
		}))
	}
	return []control.LogPage{{Records: records, Cursor: "run.1"}}
}

func bypassing(client, server string) control.BypassPair {
	var pair control.BypassPair
	if client != "" {
		pair.Client = netip.MustParsePrefix(client)
	}
	if server != "" {
		pair.Server = netip.MustParsePrefix(server)
	}
	return pair
}

func TestNeverCaptureAClient(t *testing.T) {
	b := tunable()
	b.review.Changes = []control.SettingsDiff{{Key: "intercept.bypass"}}
	v := owner(t, newPage(t, b))
	got := v.get("/never?client=10.0.0.7")
	for _, want := range []string{
		"Never capture this client?", "New connections from 10.0.0.7, to any server", "Connections that are open now go on", "{client = &#34;10.0.0.7&#34;}",
		`name="base" value="now"`, `name="client" value="10.0.0.7"`, "intercept.bypass &#43;=",
	} {
		if !strings.Contains(got.text, want) {
			t.Errorf("the page has no %s:\n%s", want, got.text)
		}
	}
	if len(b.changes) > 0 || strings.Contains(got.text, "change their IPv6 address") {
		t.Errorf("asked only: %v\n%s", b.changes, got.text)
	}
	got = v.post("/never", field("client", "10.0.0.7", "base", "now", "note", "her printer"))
	want := control.SettingsChange{
		Text: b.settings.Text + `intercept.bypass += {client = "10.0.0.7"}` + "\n", Base: "now", Who: "203.0.113.7", Note: "her printer",
	}
	if len(b.changes) != 1 || b.changes[0].Text != want.Text || b.changes[0].Base != "now" || b.changes[0].Note != want.Note || b.changes[0].Who == "" {
		t.Errorf("changed %+v, want %+v", b.changes, want)
	}
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/settings/history" {
		t.Errorf("%s to %q", got.Status, got.Header.Get("Location"))
	}
	v.post("/never", field("server", "2001:db8::1", "base", "now"))
	if last := b.changes[len(b.changes)-1]; !strings.Contains(last.Text, `{server = "2001:db8::1"}`) || last.Note != "never capture the server 2001:db8::1" {
		t.Errorf("changed %+v", last)
	}
	if got := v.get("/never?client=2001:db8::7").text; !strings.Contains(got, "change their IPv6 address") {
		t.Errorf("an IPv6 client: %s", got)
	}
}

// A SYN names no site: what is added are the addresses at which it was seen, and what
// else is there is said.
func TestNeverCaptureASite(t *testing.T) {
	b := tunable()
	b.review.Changes = []control.SettingsDiff{{Key: "intercept.bypass"}}
	v := owner(t, newPage(t, b))
	places := []string{
		"http://Mirror.example/a", "192.0.2.1:80", "http://mirror.example:8080/b", "192.0.2.3:8080", "http://news.example/", "192.0.2.3:80", "http://<b>.example/", "192.0.2.3:80",
		"http://192.0.2.3/", "192.0.2.3:80", "mirror.example:443", "192.0.2.2:80", "", "192.0.2.9:80", "http://a.example/", "192.0.2.9:80",
	}
	for i := range 5 {
		places = append(places, fmt.Sprintf("http://%d.example/", i), "192.0.2.3:80")
	}
	b.pages = sees(places...)
	b.settings.Bypass = []control.BypassPair{bypassing("", "192.0.2.2/31")}
	b.pages[0].Records[0].URL = "http://mirror.example/a"
	got := v.get("/never?site=mirror.example")
	for _, want := range []string{
		"3 addresses", `<a href="/log?server=192.0.2.1">192.0.2.1</a></li>`, "<b>0.example</b>", "and 2 more", "not captured any more either",
		`name="seen" value="192.0.2.1"`, `name="site" value="mirror.example"`, "{server = &#34;192.0.2.1&#34;}. It has <code>{server = &#34;192.0.2.2/31&#34;}",
	} {
		if !strings.Contains(strings.ReplaceAll(got.text, "</code>. It", ". It"), want) {
			t.Errorf("the page has no %s:\n%s", want, got.text)
		}
	}
	if strings.Contains(got.text, "192.0.2.9") || strings.Contains(got.text, "a.example") {
		t.Errorf("other servers are among them:\n%s", got.text)
	}
	v.post("/never", field("site", "mirror.example", "seen", "192.0.2.1", "base", "now"))
	if len(b.changes) != 1 || !strings.HasSuffix(b.changes[0].Text, "intercept.bypass += {server = \"192.0.2.1\"}\n") {
		t.Errorf("changed %+v", b.changes)
	}
	// None, too many, and a log that does not answer.
	if got := v.get("/never?site=gone.example").text; !strings.Contains(got, "No record in memory") || strings.Contains(got, `action="/never"`) {
		t.Errorf("a site that nobody asked for: %s", got)
	}
	places = nil
	for i := range maxSiteServers + 1 {
		places = append(places, "http://cdn.example/", fmt.Sprintf("192.0.2.%d:80", i))
	}
	b.pages = sees(places...)
	if got := v.get("/never?site=cdn.example").text; !strings.Contains(got, "25 addresses") || strings.Contains(got, `action="/never"`) {
		t.Errorf("a site at many addresses: %s", got)
	}
	b.pages = []control.LogPage{{Problems: []string{"ask proxy: no answer in time"}}}
	if got := v.get("/never?site=cdn.example"); got.StatusCode != http.StatusServiceUnavailable || !strings.Contains(got.text, "no answer in time") {
		t.Errorf("a silent proxy: %s", got.Status)
	}
}

// What sees to it already is said, and nothing is added twice.
func TestNeverCaptureTwice(t *testing.T) {
	b := tunable()
	b.settings.Bypass = []control.BypassPair{bypassing("10.0.0.0/24", "192.0.2.0/24"), bypassing("10.0.0.0/8", ""), bypassing("", "2001:db8::/32")}
	v := owner(t, newPage(t, b))
	for path, says := range map[string]string{
		"/never?client=10.0.0.7": "{client = &#34;10.0.0.0/8&#34;}", "/never?server=2001:db8::7": "{server = &#34;2001:db8::/32&#34;}",
	} {
		if got := v.get(path).text; !strings.Contains(got, says) || !strings.Contains(got, "not captured as it is") || strings.Contains(got, `action="/never"`) {
			t.Errorf("%s: %s", path, got)
		}
	}
	if got := v.post("/never", field("client", "10.0.0.7", "base", "now")); got.StatusCode != http.StatusConflict || !strings.Contains(got.text, "Nothing is added") {
		t.Errorf("added twice: %s\n%s", got.Status, got.text)
	}
	// An entry for some of it is none for all of it.
	b.review.Changes = []control.SettingsDiff{{Key: "intercept.bypass"}}
	if got := v.get("/never?server=192.0.2.7").text; !strings.Contains(got, `action="/never"`) {
		t.Errorf("the server of one client's entry: %s", got)
	}
	if len(b.changes) > 0 {
		t.Errorf("changed %+v", b.changes)
	}
}

// A change that waits, one that was made meanwhile, and a file with other changes in it:
// nothing is overwritten, and each is said.
func TestNeverOverwrites(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*box)
		base string
		says string
	}{
		"a trial":           {func(b *box) { b.settings.Trial = &control.SettingsTrial{Left: 50} }, "now", "Another change waits to be confirmed"},
		"changed meanwhile": {func(*box) {}, "old", "changed meanwhile"},
		"by hand": {func(b *box) {
			b.review.Changes = append(b.review.Changes, control.SettingsDiff{Key: "proxy.port"})
		}, "now", "other changes in it that are not in effect"},
		"a mistake in it": {func(b *box) { b.review.Problems = []control.SettingsProblem{{Line: 3, Text: "is no TOML"}} }, "now", "line 3: is no TOML"},
		"a silent box":    {func(b *box) { b.err = errors.New("connect to control.sock: no limpid runs there") }, "now", "does not answer"},
	} {
		b := tunable()
		b.review.Changes = []control.SettingsDiff{{Key: "intercept.bypass"}}
		p := newPage(t, b)
		v := owner(t, p)
		b.set(c.set)
		p.watcher.stale()
		got := v.post("/never", field("client", "10.0.0.7", "base", c.base))
		if got.StatusCode < 400 || !strings.Contains(got.text, c.says) || len(b.changes) > 0 {
			t.Errorf("%s: %s, %v\n%s", name, got.Status, b.changes, got.text)
		}
	}
	b := tunable()
	v := owner(t, newPage(t, b))
	for _, fields := range [][]string{
		{}, {"client", ""}, {"client", "10.0.0.7/24"}, {"client", "fe80::1%eth0"}, {"client", "0.0.0.0"}, {"server", "::ffff:10.0.0.7"}, {"server", "mirror.example"},
		{"site", ""}, {"site", "mirror.example"}, {"site", "a:1", "seen", "192.0.2.1"}, {"site", "mirror.example", "seen", "x"}, {"site", strings.Repeat("a", 257), "seen", "192.0.2.1"},
	} {
		if got := v.post("/never", field(fields...)); got.StatusCode != http.StatusBadRequest || !strings.Contains(got.text, "Choose a client") {
			t.Errorf("%v: %s", fields, got.Status)
		}
	}
	if len(b.edits)+len(b.changes) > 0 {
		t.Errorf("edited %v, changed %v", b.edits, b.changes)
	}
}

// Only who may is offered it, from the log and from the flows; a row says what becomes
// of the next connection like it.
func TestRowsOfferNever(t *testing.T) {
	b := guarded()
	b.settings.Trial = nil
	b.settings.Bypass = []control.BypassPair{bypassing("", "192.0.2.1/32")}
	b.flows = control.FlowList{Total: 1, Flows: []control.Flow{{
		ID: 7, Holder: "gate", Client: netip.MustParseAddrPort("10.0.0.7:4000"), Server: netip.MustParseAddrPort("[2001:db8::1]:80"), Started: time.Now(),
	}}}
	p := newPage(t, b)
	for name, h := range map[string]holder{"reader": {readers, "of the reader"}, "owner": {owners, "of the owner"}} {
		v := enter(t, p, h)
		for path, wants := range map[string][]string{
			"/log":      {`name="client" value="10.0.0.7"`, `name="server" value="192.0.2.1"`, `name="site" value="mirror.example"`},
			"/log/rows": {`name="client" value="10.0.0.7"`, `name="server" value="192.0.2.1"`, `name="site" value="mirror.example"`},
			"/flows":    {`name="client" value="10.0.0.7"`, `name="server" value="2001:db8::1"`},
		} {
			b.set(func(b *box) {
				b.pages = sees("http://mirror.example/a", "192.0.2.1:80", "http://192.0.2.2/", "192.0.2.2:80")
			})
			got := v.get(path).text
			for _, want := range append(wants, `action="/never"`) {
				if strings.Contains(got, want) != (name == "owner") {
					t.Errorf("%s as %s: %s: %s", path, name, want, got)
				}
			}
			if path != "/flows" && strings.Count(got, "Not captured any more: intercept.bypass has {server = &#34;192.0.2.1&#34;}") != 1 {
				t.Errorf("%s as %s does not say what becomes of the next one: %s", path, name, got)
			}
		}
	}
}
