package page

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"limpid/appliance/control"
)

// restarts is how often the proxy was started again.
func (b *box) restarts(t *testing.T) int {
	t.Helper()
	s, err := b.limpid.Status(t.Context())
	must(t, err)
	return s.Proxy.Restarts
}

// follow goes where a link with this text leads.
func (p *person) follow(text string) {
	p.t.Helper()
	link := fmt.Sprintf("[...document.querySelectorAll('a')].find(a => a.textContent == %q)", text)
	p.await(link)
	p.do(link + ".click()")
}

// TestBrowserTestsTheWire has the proxy killed on the page, which asks first, and reads
// there what was measured; then once more without JavaScript.
func TestBrowserTestsTheWire(t *testing.T) {
	b := inline(t)
	origin, err := b.S1.HTTPOrigin(":80")
	must(t, err)
	t.Cleanup(func() { _ = origin.Close() })
	conn, err := b.C2.Dial(t.Context(), "tcp", "", server)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	eventually(t, "a connection is carried", func() bool { return b.api(t).Active == 1 })
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.person(t)
	p.enter()
	p.follow("Test the wire")
	p.await("location.pathname == '/drill' && document.querySelector('#drills .none')")
	p.picture("drill-none")
	p.follow("Kill the proxy …")
	p.await("document.querySelector('h1').textContent == 'Kill the proxy?' && document.body.textContent.includes('1 are being carried now')")
	p.picture("drill-ask")
	if n := b.restarts(t); n != 0 {
		t.Fatalf("asking has killed %d", n)
	}
	p.press("Kill it now")
	p.await("location.pathname == '/drill' && document.querySelectorAll('.drill').length == 1 && !('running' in document.getElementById('drills').dataset)")
	p.picture("drill")
	d := b.lastDrill(t)
	for _, want := range []string{
		fmt.Sprintf("without service for %d ms at most", *d.GapMS), fmt.Sprintf("again after %d ms", *d.InlineMS), "1 of those in progress ended", "by " + b.C1.IP4().String(),
	} {
		p.await(fmt.Sprintf("document.querySelector('.drill').textContent.includes(%q)", want))
	}
	if n := b.restarts(t); n != 1 || d.Cut != 1 {
		t.Errorf("the proxy was started again %d times, %+v", n, d)
	}
	must(t, conn.SetReadDeadline(time.Now().Add(patience)))
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the connection that was to end has brought something")
	}
	// The first page has the same, and leads here.
	must(t, p.Go(p.ctx, root))
	p.says("INLINE")
	p.await(fmt.Sprintf("document.querySelector('a[href=\"/drill\"][data-count=last_gap]')?.textContent == '%d ms'", *d.GapMS))
	// What cannot be is said, and not offered.
	_, err = b.limpid.Run(t.Context(), "bypass", "on")
	must(t, err)
	must(t, p.Go(p.ctx, root+"drill"))
	p.await("document.body.textContent.includes('Not now. A bypass is ordered') && !document.querySelector('a[href^=\"/drill/ask\"]')")
	_, err = b.limpid.Run(t.Context(), "bypass", "off")
	must(t, err)
	must(t, b.limpid.WaitMode("inline", patience))

	must(t, p.Script(p.ctx, false))
	must(t, p.Go(p.ctx, root+"drill"))
	p.follow("Kill the proxy …")
	p.press("Kill it now")
	p.await("document.querySelectorAll('.drill').length == 2 && !('running' in document.getElementById('drills').dataset)")
	if n := b.restarts(t); n != 2 {
		t.Errorf("the proxy was started again %d times", n)
	}
}

// lastDrill is the last one, as the command line tells of it.
func (b *box) lastDrill(t *testing.T) control.Drill {
	t.Helper()
	out, err := b.limpid.Run(t.Context(), "drill", "--last", "--json")
	must(t, err)
	var d control.Drill
	must(t, json.Unmarshal(out, &d))
	return d
}
