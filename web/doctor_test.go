package web

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

func TestDoctorShowsEveryCheck(t *testing.T) {
	b := whole()
	b.checkup = control.Checkup{Time: time.Now(), Verdict: control.HealthFail, Checks: []control.Check{
		{Name: "bridge", Title: "Does it stand?", Verdict: control.HealthOK, Finding: "It stands.",
			Evidence: []control.Evidence{{What: "bridge br0", Where: "netlink", Value: "up & carrier"}}},
		{Name: "links", Title: "Live?", Verdict: control.HealthFail, Finding: "eth1 has <no> link.", Effect: "Nothing crosses.", Mend: "Plug it in."},
		{Name: "log", Title: "Kept?", Verdict: control.HealthWarn, Finding: "Full."},
		{Name: "gateway", Title: "Router?", Verdict: control.HealthUnknown, Finding: "Not asked."},
	}}
	v := owner(t, newPage(t, b))
	r := v.get("/doctor")
	if r.StatusCode != http.StatusOK {
		t.Fatal(r.Status)
	}
	for _, want := range []string{
		"1 well, 1 to mend, 1 to look at, 1 not known", "up &amp; carrier", "eth1 has &lt;no&gt; link.", "Nothing crosses.", "Plug it in.", `id="links"`, `<a href="#links">links: fails</a> <a href="#log">log: look</a>`,
		`<a href="/doctor" aria-current="page">`,
	} {
		if !strings.Contains(r.text, want) {
			t.Errorf("%q is not in %s", want, r.text)
		}
	}
	// What is well is folded, what is not stands open.
	if n := strings.Count(r.text, "<details open>"); n != 2 {
		t.Errorf("%d checks stand open, want 2", n)
	}
	if len(b.asks) != 0 {
		t.Errorf("nobody asked for a connection, and %v was asked", b.asks)
	}
}

func TestDoctorAnswersForAConnection(t *testing.T) {
	b := whole()
	b.answer = control.FlowAnswer{Captured: control.CapturedNo, Answer: "It is not captured.", Reasons: []control.FlowReason{
		{Sure: true, Text: "Port 8080 is not intercepted", Mend: "Add it."}, {Text: "It had a tag."}}}
	v := owner(t, newPage(t, b))
	r := v.get("/doctor?client=192.0.2.7&server=198.51.100.1&port=8080")
	want := control.FlowQuestion{Client: netip.MustParseAddr("192.0.2.7"), Server: netip.MustParseAddr("198.51.100.1"), Port: 8080}
	if r.StatusCode != http.StatusOK || len(b.asks) != 1 || b.asks[0] != want {
		t.Errorf("%s, asked %v", r.Status, b.asks)
	}
	for _, want := range []string{"It is not captured.", "Port 8080 is not intercepted", "Add it.", "if it was not", `value="192.0.2.7"`, `value="8080"`} {
		if !strings.Contains(r.text, want) {
			t.Errorf("%q is not in %s", want, r.text)
		}
	}
	for query, says := range map[string]string{
		"client=x&server=192.0.2.1":                 `Client &#34;x&#34;`,
		"client=192.0.2.1":                          `Server &#34;&#34;`,
		"client=192.0.2.1&server=::1":               "IP version",
		"client=192.0.2.1&server=192.0.2.2&port=0":  "Port &#34;0&#34;",
		"client=192.0.2.1&server=192.0.2.2&port=-1": "Port &#34;-1&#34;",
	} {
		if r := v.get("/doctor?" + query); r.StatusCode != http.StatusBadRequest || !strings.Contains(r.text, says) {
			t.Errorf("%s: %s, want %q in %s", query, r.Status, says, r.text)
		}
	}
	if len(b.asks) != 1 {
		t.Errorf("the box was asked what is no question: %v", b.asks[1:])
	}
}

func TestDoctorIsForMembers(t *testing.T) {
	b := whole()
	b.hash = "set"
	b.checkup.Checks = []control.Check{{Name: "links", Finding: "eth7 has no link."}}
	stranger := &visitor{t: t, handler: newPage(t, b).Handler()}
	if r := stranger.get("/doctor?client=192.0.2.7&server=198.51.100.1"); r.StatusCode != http.StatusForbidden || strings.Contains(r.text, "eth7") || len(b.asks) != 0 {
		t.Errorf("a stranger: %s, asked %v", r.Status, b.asks)
	}
	b = whole()
	v := owner(t, newPage(t, b))
	b.set(func(b *box) { b.ill = errors.New("ask: gone") })
	if r := v.get("/doctor"); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(r.text, "Ask: gone.") {
		t.Errorf("without an answer: %s, %s", r.Status, r.text)
	}
}
