package web

import (
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

func ranked() control.LogTop {
	return control.LogTop{
		Records: 8000, Since: time.Unix(1e9, 0),
		Sites: control.Ranking{
			ByRequests: []control.Rank{{Name: "often.example", Requests: 1234, Bytes: 2048}, {Name: `a"b<c>.example`, Requests: 2, Bytes: 1}},
			ByBytes:    []control.Rank{{Name: "large.example", Requests: 1, Bytes: 5 << 20}},
		},
		Clients: control.Ranking{ByRequests: []control.Rank{{Name: "2001:db8::1", Requests: 1236}}, ByBytes: []control.Rank{{Name: "10.0.0.9", Requests: 7}}},
	}
}

func TestTopsLeadToTheirRecords(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	v := owner(t, p)
	b.top = ranked()
	got := v.get("/live?span=24h").text
	for _, want := range []string{
		`href="/log?host=often.example">often.example`, "1\u202f234", "2 KiB", `href="/log?client=2001%3Adb8%3A%3A1"`, `href="/log?host=a%22b%3Cc%3E.example">a&#34;b&lt;c&gt;.example`,
		`href="/?span=24h&amp;top=bytes"`, `href="/?span=7d&amp;top=requests"`, "Of the 8\u202f000 records in memory",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	if strings.Contains(got, "large.example") {
		t.Error("ranked by bytes too")
	}
	got = v.get("/?top=bytes").text
	if !strings.Contains(got, "large.example") || !strings.Contains(got, "5 MiB") || !strings.Contains(got, "10.0.0.9") || strings.Contains(got, "often.example") {
		t.Errorf("by bytes: %s", got)
	}
	if got := v.get("/?top=luck").text; !strings.Contains(got, "often.example") {
		t.Error("an order there is not is not the usual one")
	}
	if got := (&visitor{t: t, handler: p.Handler()}).get("/").text; strings.Contains(got, "often.example") {
		t.Errorf("strangers see %s", got)
	}
}

// Counting costs the proxy some milliseconds: it does so once, however many look.
func TestTopsAreCountedSeldom(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	v := owner(t, p)
	now := time.Now()
	p.top.clock = func() time.Time { return now }
	for range 20 {
		v.get("/live")
	}
	now = now.Add(topFresh)
	v.get("/live")
	if len(b.tops) != 2 || b.tops[0] != topShown {
		t.Errorf("asked for %v", b.tops)
	}
}

func TestTopsWithoutAProxy(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	b.top = control.LogTop{Problems: []string{"ask proxy: control link is closed"}}
	if got := v.get("/").text; !strings.Contains(got, "ask proxy: control link is closed") || !strings.Contains(got, "None yet.") {
		t.Errorf("got %s", got)
	}
}

func TestNumbersLeadToTheirRows(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	b.status.Cache = control.Cache{Hits: 1, Misses: 1}
	b.status.Problems = []string{"configuration: limpid.toml:3: no such key", "rules: no room", "page's password: not readable"}
	b.status.Box = &control.Box{Alarms: []control.Alarm{{About: "time servers", Text: "none answers"}, {About: "disk sda", Text: "old"}}}
	got := v.get("/live").text
	for _, want := range []string{
		`href="/flows" data-count="active"`, `href="/log" data-count="requests"`, `href="/log?verdict=hit"`, `href="/drill" data-count="last_gap"`,
		`<span data-count="bridged"`, `<li><a href="/settings">configuration: limpid.toml:3`, "<li>rules: no room</li>", `<a href="/access">page&#39;s password`,
		`<a href="/settings#management.ntp">time servers`, "<li>disk sda: old</li>",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
}
