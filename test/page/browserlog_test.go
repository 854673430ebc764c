package page

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"limpid/test/lab"
)

// server is where the requests go that the log is to show.
const server = "10.77.0.101:80"

// enter sets the password and waits for the state.
func (p *person) enter() {
	p.t.Helper()
	must(p.t, p.Go(p.ctx, root))
	p.fill("password", password)
	p.fill("again", password)
	p.press("Set password")
	p.await("document.querySelectorAll('#counters dd').length > 0")
}

// rows is the number of records shown.
const rows = "document.querySelectorAll('#log tbody tr:not(.none)').length"

// TestBrowserReadsTheLog follows requests in Chromium as they come, narrows them down by
// clicks and by the form, and takes them along.
func TestBrowserReadsTheLog(t *testing.T) {
	b := inline(t)
	origin, err := b.S1.HTTPOrigin(":80")
	must(t, err)
	t.Cleanup(func() { _ = origin.Close() })
	b.fetch(t, b.C1, "/bytes/1000")
	b.fetch(t, b.C2, "/bytes/2000")
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.person(t)
	p.enter()
	p.do("document.querySelector('nav a[href=\"/log\"]').click()")
	p.await(rows + " == 2")
	p.do("window.same = true")
	b.fetch(t, b.C1, "/bytes/3000")
	p.await("window.same && " + rows + " == 3 && document.querySelector('#log tbody tr').textContent.includes('/bytes/3000')")
	p.do("document.querySelector('#log summary').click()")
	p.await("document.querySelector('#log details[open] dl')")
	p.picture("log")
	// What comes while it is paused is not lost.
	p.press("Pause")
	b.fetch(t, b.C2, "/bytes/4000")
	time.Sleep(3 * time.Second) // longer than a script that goes on would take
	p.await(rows + " == 3")
	p.press("Go on")
	p.await(rows + " == 4")
	// A click on a cell narrows it down, and what comes is narrowed down too.
	p.do(fmt.Sprintf("[...document.querySelectorAll('#log td a')].find(a => a.textContent == %q).click()", b.C2.IP4()))
	p.await("location.search == '?client=" + b.C2.IP4().String() + "' && " + rows + " == 2")
	b.fetch(t, b.C1, "/bytes/5000")
	b.fetch(t, b.C2, "/bytes/6000")
	p.await(rows + " == 3 && document.querySelector('#log tbody tr').textContent.includes('/bytes/6000')")
	p.picture("log-of-a-client")
	// The form adds to it, without the words that were left empty.
	p.fill("path", "/bytes/2")
	p.press("Show")
	p.await("location.search.includes('path=') && !location.search.includes('host=') && " + rows + " == 1")
	p.fill("status", "what")
	p.press("Show")
	p.await("document.querySelector('[role=alert]')?.textContent.includes('want a number like 404')")
	p.picture("log-bad-filter")
	p.do("fetch('/log/export/json?client=" + b.C2.IP4().String() + "').then(r => r.json()).then(all => window.taken = all)")
	p.await("window.taken?.length == 3 && window.taken[0].url == 'http://10.77.0.101/bytes/2000'")
	p.do("fetch('/log/export/csv').then(r => r.text()).then(text => window.lines = text.trim().split('\\n').length)")
	p.await("window.lines == 7")
}

// TestBrowserResetsAFlow finds a connection among the flows and ends it.
func TestBrowserResetsAFlow(t *testing.T) {
	b := inline(t)
	origin, err := b.S1.HTTPOrigin(":80")
	must(t, err)
	t.Cleanup(func() { _ = origin.Close() })
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.person(t)
	p.enter()
	conn, err := b.C2.Dial(t.Context(), "tcp", "", server)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "GET /bytes/1000 HTTP/1.1\r\nHost: %s\r\n\r\n", server)
	must(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	must(t, err)
	must(t, response.Body.Close())
	must(t, p.Go(p.ctx, root+"flows"))
	p.await(fmt.Sprintf("document.body.textContent.includes(%q)", conn.LocalAddr()))
	p.picture("flows")
	p.do(fmt.Sprintf("document.querySelector('button[aria-label=%q]').click()", "Reset "+conn.LocalAddr().String()+" to "+server))
	must(t, conn.SetReadDeadline(time.Now().Add(patience)))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client of the flow got: %v; want a reset", err)
	}
	p.await(fmt.Sprintf("document.querySelector('h1').textContent == 'Flows' && !document.body.textContent.includes(%q)", conn.LocalAddr()))
}

// fetch makes one request through the wire, on a connection of its own.
func (b *box) fetch(t *testing.T, from *lab.Node, path string) {
	t.Helper()
	b.ask(t, from, netServer(), path)
}

// netServer is the server as a URL names it: without the port that is HTTP's own.
func netServer() string {
	host, _, _ := net.SplitHostPort(server)
	return host
}
