package web

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

// ladders is the part of a box that makes them.
type ladders struct {
	last  *control.Ladder
	asked []control.LadderRequest
}

func (b *box) Ladder(context.Context) (control.LadderState, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return control.LadderState{Ladder: b.ladders.last}, b.err
}

func (b *box) BeginLadder(_ context.Context, request control.LadderRequest) (control.Ladder, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ladders.last != nil && b.ladders.last.Running {
		return control.Ladder{}, errors.New("ladder: one is being made, for another 9 s at most: wait")
	}
	b.ladders.asked = append(b.ladders.asked, request)
	b.ladders.last = &control.Ladder{LadderRequest: request, ID: 7, Begun: time.Now(), Running: true, Left: 9}
	return *b.ladders.last, b.err
}

// drawn is a ladder with an arrow of each kind.
func drawn() *control.Ladder {
	from, to := netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("198.51.100.2:80")
	seen := control.Sighting{Place: control.AtLoop, Device: "br<0>", Out: true, After: 1234, FromMAC: "02:00:00:00:00:01", ToMAC: "02:00:00:00:00:02", From: from, To: to, TTL: 63, VLAN: 42, Frames: 3}
	return &control.Ladder{ID: 7, Begun: time.Now(), LadderResult: control.LadderResult{Captured: control.CapturedYes, From: from, To: to, Frames: 9, Omitted: 1200,
		Findings: []control.LadderStep{{Verdict: control.HealthOK, Text: "It came <in>."}, {Verdict: control.HealthFail, Text: "Nothing came back.", Mend: "Look at the cable."}},
		Rungs: []control.Rung{
			{From: control.EndClient, To: control.EndBox, Flags: "SYN"},
			{After: 1234, From: control.EndBox, To: control.EndServer, Flags: "PSH ACK", Length: 12, Head: "GET /<b>", Seen: []control.Sighting{seen}},
			{After: 3_041_500, From: control.EndServer, To: control.EndClient, Flags: "ACK"},
			{From: control.EndBox, To: control.EndClient, Flags: "SYN ACK", Lost: true},
		}}}
}

func TestLadderIsDrawn(t *testing.T) {
	b := whole()
	b.ladders.last = drawn()
	v := owner(t, newPage(t, b))
	for _, path := range []string{"/doctor/ladder", "/doctor/ladder/live"} {
		r := v.get(path)
		for _, want := range []string{
			"Captured: 192.0.2.1:40000 to 198.51.100.2:80", "It came &lt;in&gt;.", `<span class="verdict bad">fails</span>`, "Look at the cable.",
			`class="client-box"`, `<span class="when">&#43;0.00<`, `<span class="when">&#43;1.23<`, `<span class="when">&#43;3041<`, `class="server-client"`, `class="box-client broken"`, "GET /&lt;b&gt;, 12 bytes", "from the client to this box", "past this box",
			"from this box to the client, and never came there", "Loop into the box, br&lt;0&gt; out, &#43;1.23 ms", "192.0.2.1:40000, 02:00:00:00:00:01", "TTL 63, VLAN 42, cut into 3 frames", "200 more frames",
		} {
			if r.StatusCode != http.StatusOK || !strings.Contains(r.text, want) {
				t.Errorf("%s: %s, %q is not in %s", path, r.Status, want, r.text)
			}
		}
		if strings.Contains(r.text, "style=") || strings.Contains(r.text, `data-running="true"`) {
			t.Errorf("%s: %s", path, r.text)
		}
	}
	b.set(func(b *box) { b.err = errors.New("ask: gone") })
	if r := v.get("/doctor/ladder/live"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without an answer: %s", r.Status)
	}
}

func TestLadderIsAskedFor(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	if r := v.get("/doctor/ladder"); r.StatusCode != http.StatusOK || !strings.Contains(r.text, "Whose connection") || !strings.Contains(r.text, `id="ladder" class="find" aria-label="The last ladder" data-running="" hidden`) {
		t.Errorf("at first: %s %s", r.Status, r.text)
	}
	for _, bad := range [][]string{{"client", "me"}, {"client", "fe80::1%1"}, {"server", "example.net"}, {"port", "0"}, {"port", "65536"}, {"for", "long"}} {
		if r := v.post("/doctor/ladder", field(bad...)); r.StatusCode != http.StatusBadRequest || !strings.Contains(r.text, `role="alert"`) || !strings.Contains(r.text, `value="`+bad[1]+`"`) && bad[0] != "for" {
			t.Errorf("%q: %s %s", bad, r.Status, r.text)
		}
	}
	if r := v.post("/doctor/ladder", field("client", " 192.0.2.1 ", "server", "2001:db8::1", "port", "8080", "for", "30s")); r.StatusCode != http.StatusSeeOther {
		t.Errorf("%s %s", r.Status, r.text)
	}
	want := control.LadderRequest{Client: netip.MustParseAddr("192.0.2.1"), Server: netip.MustParseAddr("2001:db8::1"), Port: 8080, For: control.Duration(30 * time.Second)}
	if len(b.ladders.asked) != 1 {
		t.Fatalf("asked for %+v", b.ladders.asked)
	}
	got := b.ladders.asked[0]
	if got.Who == "" {
		t.Error("nobody has asked")
	}
	if got.Who = ""; got != want {
		t.Errorf("asked for %+v, want %+v", got, want)
	}
	r := v.get("/doctor/ladder")
	for _, want := range []string{"Waiting for a connection", `<b class="left">9 s</b>`, `data-running="true"`, "The next connection of 192.0.2.1 to 2001:db8::1, port 8080", `<noscript><meta http-equiv="refresh" content="10; url=/doctor/ladder">`} {
		if !strings.Contains(r.text, want) {
			t.Errorf("%q is not in %s", want, r.text)
		}
	}
	if r := v.post("/doctor/ladder", field("client", "192.0.2.9")); r.StatusCode != http.StatusConflict || !strings.Contains(r.text, "one is being made") || !strings.Contains(r.text, "192.0.2.9") {
		t.Errorf("a second one: %s %s", r.Status, r.text)
	}
}

func TestLadderThatFails(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	for title, l := range map[string]*control.Ladder{
		"It could not be made": {Problem: "the process was killed"},
		"No connection came":   {LadderResult: control.LadderResult{Findings: []control.LadderStep{{Verdict: control.HealthUnknown, Text: "Nobody."}}}},
		"Not captured: 192.0.2.1:1 to 192.0.2.2:80": {LadderResult: control.LadderResult{Captured: control.CapturedNo,
			From: netip.MustParseAddrPort("192.0.2.1:1"), To: netip.MustParseAddrPort("192.0.2.2:80")}},
	} {
		b.set(func(b *box) { b.ladders.last = l })
		if r := v.get("/doctor/ladder"); !strings.Contains(r.text, title) || l.Problem != "" && !strings.Contains(r.text, l.Problem) {
			t.Errorf("%s is not in %s", title, r.text)
		}
	}
}
