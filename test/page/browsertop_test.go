package page

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"limpid/test/lab"
)

// ask makes one request for a site by name, on a connection of its own.
func (b *box) ask(t *testing.T, from *lab.Node, site, path string) {
	t.Helper()
	dialer := from.Dialer()
	client := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}, Timeout: patience}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+netServer()+path, http.NoBody)
	must(t, err)
	request.Host = site
	response, err := client.Do(request)
	must(t, err)
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	must(t, err)
}

// TestBrowserShowsWhoHasTheMost ranks sites and clients by both, and goes from each
// number to the rows behind it.
func TestBrowserShowsWhoHasTheMost(t *testing.T) {
	b := inline(t)
	origin, err := b.S1.HTTPOrigin(":80")
	must(t, err)
	t.Cleanup(func() { _ = origin.Close() })
	for range 3 {
		b.ask(t, b.C2, "often.example", "/bytes/10")
	}
	b.ask(t, b.C3, "large.example", "/bytes/500000")
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.person(t)
	p.enter()
	first := func(list int, name, requests string) string {
		return fmt.Sprintf("(r => r?.cells[0].textContent == %q && r.cells[1].textContent == %q)(document.querySelectorAll('#tops table')[%d]?.tBodies[0].rows[0])", name, requests, list)
	}
	p.await(first(0, "often.example", "3") + " && " + first(1, b.C2.IP4().String(), "3"))
	p.picture("tops")
	p.follow("by bytes")
	p.await("location.search.includes('top=bytes') && " + first(0, "large.example", "1") + " && " + first(1, b.C3.IP4().String(), "1"))
	// It stays so when the page is kept true, and whoever goes by keys stays where they are.
	p.do("document.querySelector('#tops a[aria-current]').focus(), window.old = document.getElementById('tops'), true")
	b.ask(t, b.C2, "often.example", "/bytes/10")
	p.await("document.querySelectorAll('#tops table')[0].tBodies[0].rows[1].cells[1].textContent == '4' && " + first(0, "large.example", "1"))
	p.await("!old.isConnected && document.activeElement.matches('#tops a[aria-current]')")
	p.follow("often.example")
	p.await("location.pathname == '/log' && location.search == '?host=often.example' && " + rows + " == 4")
	must(t, p.Go(p.ctx, root))
	p.follow(b.C3.IP4().String())
	p.await("location.search == '?client=" + b.C3.IP4().String() + "' && " + rows + " == 1")
	must(t, p.Go(p.ctx, root))
	p.await("document.querySelector('a[data-count=requests]')")
	p.do("document.querySelector('a[data-count=requests]').click()")
	p.await("location.pathname == '/log' && " + rows + " == 5")
	must(t, p.Go(p.ctx, root))
	p.await("document.querySelector('a[data-count=active]')")
	p.do("document.querySelector('a[data-count=active]').click()")
	p.await("document.querySelector('h1')?.textContent == 'Flows'")
}
