package page

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"testing"

	"limpid/appliance/control"
	"limpid/test/lab"
)

// counts are the counters as the page shows them.
const counts = `Object.fromEntries([...document.querySelectorAll('[data-count]')].map(e => [e.dataset.count, Number(e.textContent.replace(/\D/g, ''))]))`

// shown are the same here.
type shown struct{ Active, Captured, Bridged, Requests uint64 }

func (p *person) counts() (s shown) {
	p.t.Helper()
	must(p.t, p.Eval(p.ctx, counts, &s))
	return s
}

// api is what limpid itself says of them.
func (b *box) api(t *testing.T) shown {
	t.Helper()
	s, err := b.limpid.Status(t.Context())
	must(t, err)
	return shown{s.Flows.Active, s.Flows.Captured, s.Flows.Bridged, s.Requests}
}

// TestBrowserIsTold looks at the numbers of the first page while traffic runs and nothing
// but the stream can bring them: they are those of the API.
func TestBrowserIsTold(t *testing.T) {
	b := inline(t)
	origin, err := b.S1.HTTPOrigin(":80")
	must(t, err)
	t.Cleanup(func() { _ = origin.Close() })
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.person(t)
	p.enter()
	p.await("!document.getElementById('pulse').hidden")
	p.do("window.fetch = () => new Promise(() => {})")
	// The same stream once more, to see each second of it.
	p.do(`window.points = new Map(), window.own = new EventSource("/live/stream"),
		own.onmessage = e => JSON.parse(e.data).points.forEach(q => points.set(q.at, q)), true`)
	load := lab.Load{
		Rate: 20, Timeout: patience, Do: lab.Get("/bytes/50000"),
		Dial: func(ctx context.Context) (*net.TCPConn, error) { return b.C2.Dial(ctx, "tcp", "", server) },
	}.Start(t.Context())
	for range 5 {
		before := b.api(t)
		p.await(fmt.Sprintf("(c => c.requests > %d && c.captured > %d)(%s)", before.Requests, before.Captured, counts))
		got, after := p.counts(), b.api(t)
		if got.Requests > after.Requests || got.Captured > after.Captured || got.Bridged > after.Bridged {
			t.Errorf("the page shows %+v, and later the API says %+v", got, after)
		}
	}
	p.picture("live")
	report := load.Stop()
	if report.Failures() != 0 {
		t.Errorf("%v", report)
	}
	// The proxy counts requests a moment after their flow has ended.
	var said shown
	eventually(t, "all is counted", func() bool {
		said = b.api(t)
		return said.Active == 0 && said.Requests == uint64(len(report.Attempts))
	})
	p.await(fmt.Sprintf("(c => c.active == 0 && c.requests == %d && c.captured == %d && c.bridged == %d)(%s)", said.Requests, said.Captured, said.Bridged, counts))
	p.await("document.querySelector('#pulse path.through').getAttribute('d').length > 0")
	b.samePoints(t, p)
	// It ends with the session, and what it showed with it.
	b.reset(t)
	p.await("document.getElementById('pulse').hidden && own.readyState == EventSource.CLOSED")
}

// samePoints holds the seconds that the stream told of to those of the API.
func (b *box) samePoints(t *testing.T, p *person) {
	t.Helper()
	type point struct {
		At        int64  `json:"at"`
		ToClients uint64 `json:"to_clients"`
		LANSent   uint64 `json:"lan_sent"`
		Requests  uint64 `json:"requests"`
	}
	// A second is told of when it is over.
	p.await(fmt.Sprintf("[...points.values()].reduce((sum, q) => sum + q.requests, 0) == %d", b.api(t).Requests))
	var text string
	must(t, p.Eval(p.ctx, "JSON.stringify([...points.values()])", &text))
	var told []point
	must(t, json.Unmarshal([]byte(text), &told))
	client := control.NewClient(b.limpid.RunDir)
	defer client.Close()
	h, err := client.History(t.Context(), "10m")
	must(t, err)
	place := make(map[string]int)
	for i, name := range h.Names {
		place[name] = i
	}
	kept := make(map[int64]point)
	for _, q := range h.Points {
		at := func(name string) uint64 { return q.Counts[place[name]] }
		kept[q.At.Unix()] = point{q.At.Unix(), at("to_clients"), at("lan_sent"), at("requests")}
	}
	var bytes uint64
	for _, q := range told {
		if kept[q.At] != q {
			t.Errorf("the stream said %+v, the API %+v", q, kept[q.At])
		}
		bytes += q.ToClients
	}
	// Each answer has a body of 50,000 bytes.
	if requests := b.api(t).Requests; bytes < 50_000*requests || len(told) < 5 {
		t.Errorf("%d bytes in %d seconds of the stream, for %d requests", bytes, len(told), requests)
	}
}
