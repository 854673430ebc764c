package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

func TestTraffic(t *testing.T) {
	now := time.Date(2026, 1, 2, 12, 10, 0, 500e6, time.UTC)
	h := control.History{Names: []string{"lan_sent", "to_clients"}, Step: control.Duration(time.Second)}
	for s := 1; s <= 600; s++ {
		if s == 300 {
			continue // limpid did not run
		}
		h.Points = append(h.Points, control.HistoryPoint{At: now.Truncate(time.Second).Add(time.Duration(s-600) * time.Second), Counts: []uint64{250_000, 125_000}})
	}
	h.Points[len(h.Points)-1].Counts = []uint64{1, 1} // of the second that is not over
	got := trafficOf(h, charted{"10m", "requests"}, now)
	if got.Now != "1 Mbit/s through the proxy, 1 Mbit/s past it" || got.Most != "2 Mbit/s" || !got.Spans[0].Chosen {
		t.Errorf("%+v", got)
	}
	for name, path := range map[string]string{"captured": got.Captured, "bridged": got.Bridged} {
		if strings.Count(path, "M") != 2 || strings.Count(path, "Z") != 2 || !regexp.MustCompile(`^[MLZ0-9. -]+$`).MatchString(path) {
			t.Errorf("%s: %s", name, path)
		}
	}
	if !strings.HasPrefix(got.Captured, "M1.0 60.0L2.0 60.0") || !strings.Contains(got.Captured, " 120.0Z") || !strings.HasPrefix(got.Bridged, "M1.0 0.0L") {
		t.Errorf("%.60s, %.60s", got.Captured, got.Bridged)
	}
	if got := trafficOf(control.History{Names: h.Names, Step: h.Step}, charted{"10m", "requests"}, now); got.Captured != "" || got.Now != "nothing has been counted yet" || got.Most != "1 Mbit/s" {
		t.Errorf("nothing: %+v", got)
	}
	for bits, want := range map[float64]string{0: "0 bit/s", 999: "999 bit/s", 1500: "1.5 kbit/s", 123456789: "123 Mbit/s", 4.2e12: "4200 Gbit/s"} {
		if got := bitrate(bits); got != want {
			t.Errorf("%v: %s, want %s", bits, got, want)
		}
	}
}

func TestTrafficIsForMembers(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	v := owner(t, p)
	b.history = control.History{Names: []string{"lan_sent", "to_clients"}, Step: control.Duration(time.Minute)}
	got := v.get("/live?span=24h")
	if got.StatusCode != http.StatusOK || !strings.Contains(got.text, "through the proxy") && !strings.Contains(got.text, "nothing has been counted yet") || b.span != "24h" {
		t.Errorf("span %s: %s", b.span, got.text)
	}
	b.span = ""
	if v.get("/?span=1y"); b.span != "10m" {
		t.Errorf("a year is %s", b.span)
	}
	b.span = ""
	if got := (&visitor{t: t, handler: p.Handler()}).get("/"); strings.Contains(got.text, "<figure") || b.span != "" {
		t.Errorf("strangers see %s", got.text)
	}
}
