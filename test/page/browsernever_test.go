package page

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/test/lab"
)

// commented is the configuration of these tests with a list of bypasses, and what
// somebody wrote beside it.
const commented = config + `
[intercept]
bypass = [ # agreed with the office
  {server = "10.77.0.240"}, # the printer
]
`

// record is the newest one of a client, as the command line shows it; nil for none.
func (b *box) record(t *testing.T, words ...string) *control.LogRecord {
	t.Helper()
	out, err := b.limpid.Run(t.Context(), append([]string{"log", "--json", "-n", "1"}, words...)...)
	must(t, err)
	if len(out) == 0 {
		return nil
	}
	var r control.LogRecord
	must(t, json.Unmarshal(out, &r))
	return &r
}

// bridged makes a request, and reports whether it went over the bridge: it is counted
// as one, and no record is made of it.
func (b *box) bridged(t *testing.T, from *lab.Node, site, path string) bool {
	t.Helper()
	before := b.api(t)
	b.ask(t, from, site, path)
	recorded, passed := false, false
	eventually(t, "a record or a count", func() bool {
		recorded = b.record(t, "--path", path, "--client", from.IP4().String()) != nil
		passed = b.api(t).Bridged > before.Bridged
		return recorded || passed
	})
	if passed {
		time.Sleep(500 * time.Millisecond) // longer than a record takes to be seen
		recorded = b.record(t, "--path", path, "--client", from.IP4().String()) != nil
	}
	if recorded == passed {
		t.Errorf("%s: recorded %v, bridged %v", path, recorded, passed)
	}
	return passed
}

// TestBrowserNeverCapture chooses from rows what is never captured: a client by a click
// in the log, then without JavaScript a site, and from the flows a server.
func TestBrowserNeverCapture(t *testing.T) {
	b := inlineWith(t, commented)
	origin, err := b.S1.HTTPOrigin(":80")
	must(t, err)
	t.Cleanup(func() { _ = origin.Close() })
	b.ask(t, b.C2, "news.example", "/bytes/1")
	b.ask(t, b.C3, "mirror.example", "/bytes/2")
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.person(t)
	p.enter()
	must(t, p.Go(p.ctx, root+"log"))
	p.await(rows + " == 2")
	p.do("document.querySelector('#log tbody tr:last-child summary').click()")
	p.await("document.querySelector('#log details[open] dl').textContent.includes('Plain HTTP, relayed')")
	p.picture("log-details")
	client := b.C2.IP4().String()
	p.named("Never capture client " + client)
	p.await("document.querySelector('#never') && document.body.textContent.includes('New connections from " + client + "')")
	p.picture("never-client")
	if got := b.file(t); strings.Contains(got, client) {
		t.Fatalf("asking has changed the file: %q", got)
	}
	p.fill("note", "her phone")
	p.press("Never capture it")
	p.await("location.pathname == '/settings/history' && document.querySelector('tbody').textContent.includes('her phone')")
	want := "bypass = [ # agreed with the office\n  {server = \"10.77.0.240\"}, # the printer\n  {client = \"" + client + "\"},\n]\n"
	if got := b.file(t); !strings.HasPrefix(got, config) || !strings.Contains(got, want) {
		t.Errorf("the file is %q", got)
	}
	if !b.bridged(t, b.C2, "news.example", "/bytes/3") || b.bridged(t, b.C3, "mirror.example", "/bytes/4") {
		t.Error("want the client's next connection on the bridge, and that of another captured")
	}
	// The row says so now; asked for again nothing is added twice.
	must(t, p.Go(p.ctx, root+"log?client="+client))
	p.await("document.querySelector('#log dl').textContent.includes('Not captured any more: intercept.bypass has')")
	p.do("document.querySelector('#log summary').click()")
	p.picture("log-not-captured")
	p.named("Never capture client " + client)
	p.await("document.body.textContent.includes('It is not captured as it is') && !document.querySelector('form[action=\"/never\"]')")
	p.picture("never-twice")

	must(t, p.Script(p.ctx, false))
	b.ask(t, b.C3, "news.example", "/bytes/5")
	must(t, p.Go(p.ctx, root+"log?path=/bytes/4"))
	p.named("Never capture site mirror.example")
	p.await("document.querySelector('#never')?.textContent.includes('news.example: not captured any more either')")
	p.picture("never-site")
	p.press("Never capture it")
	p.await("location.pathname == '/settings/history' && document.querySelector('tbody').textContent.includes('never capture the site mirror.example')")
	if got := b.file(t); !strings.Contains(got, "{server = \"10.77.0.101\"},\n]\n") {
		t.Errorf("the file is %q", got)
	}
	if !b.bridged(t, b.C3, "mirror.example", "/bytes/6") {
		t.Error("the site's next connection is captured")
	}
	// The history takes it back.
	must(t, p.Go(p.ctx, root+"settings/history/1"))
	p.press("Review it, to restore it")
	p.press("Apply")
	p.await("location.pathname == '/settings/history'")
	if b.bridged(t, b.C2, "news.example", "/bytes/7") || b.file(t) != commented {
		t.Errorf("what was restored is %q", b.file(t))
	}

	conn, err := b.C2.Dial(t.Context(), "tcp", "", server)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	eventually(t, "a connection is carried", func() bool { return b.api(t).Active >= 1 })
	must(t, p.Go(p.ctx, root+"flows"))
	p.await(fmt.Sprintf("document.body.textContent.includes(%q)", conn.LocalAddr()))
	p.do("document.querySelector('details.more').open = true")
	p.picture("flows-never")
	host, _, _ := net.SplitHostPort(server)
	p.named("Never capture server " + host)
	p.press("Never capture it")
	p.await("location.pathname == '/settings/history'")
	if !b.bridged(t, b.C2, "news.example", "/bytes/8") {
		t.Error("the server's next connection is captured")
	}
	// What was open goes on, through the proxy.
	_, err = fmt.Fprintf(conn, "GET /bytes/9 HTTP/1.1\r\nHost: %s\r\n\r\n", host)
	must(t, err)
	eventually(t, "the record of the connection that was open", func() bool { return b.record(t, "--path", "/bytes/9") != nil })
}

// named presses the button with this label.
func (p *person) named(label string) {
	p.t.Helper()
	button := fmt.Sprintf("[...document.querySelectorAll('button')].find(b => b.ariaLabel == %q)", label)
	p.await(button)
	p.do(button + ".click()")
}
