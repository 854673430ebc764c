package page

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"limpid/appliance/control"
	"limpid/test/lab"
)

// say sends a request as it is, on a connection of its own, and waits for the response.
func (b *box) say(t *testing.T, from *lab.Node, request string) {
	t.Helper()
	conn, err := from.Dial(t.Context(), "tcp", "", server)
	must(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, request)
	must(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	must(t, err)
	must(t, response.Body.Close())
}

// TestBrowserHeads has heads recorded by a button, and reads them in the rows of the
// requests that fit: byte by byte, but for what is hidden. Then without JavaScript.
func TestBrowserHeads(t *testing.T) {
	b := inline(t)
	origin, err := b.S1.HTTPOrigin(":80")
	must(t, err)
	t.Cleanup(func() { _ = origin.Close() })
	b.ask(t, b.C2, "mirror.example", "/bytes/1")
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.person(t)
	p.enter()
	must(t, p.Go(p.ctx, root+"log?host=mirror.example"))
	p.await(rows + " == 1")
	p.do("document.querySelector('#heads details > summary').click()")
	p.picture("heads-none")
	p.press("Record heads for 10 minutes")
	p.await("document.querySelector('#heads')?.textContent.includes('Heads are recorded until') && location.search == '?host=mirror.example'")
	p.do("window.same = true")
	b.say(t, b.C2, "GET /bytes/20 HTTP/1.1\r\nHOST:mirror.example\r\nCookie: session=topsecret\r\nauthorization:Bearer topsecret\r\nX-Odd:   two  spaces \r\nAccept: */*\r\n\r\n")
	b.say(t, b.C2, "GET /bytes/30 HTTP/1.1\r\nHost: news.example\r\nX-Other: yes\r\n\r\n")
	p.await("window.same && " + rows + " == 2 && document.querySelector('#heads').textContent.includes('1 so far')")
	p.do("document.querySelector('#log td summary').click()")
	const shown = "document.querySelector('#log details[open] pre.head').textContent"
	p.await(shown + " == 'GET /bytes/20 HTTP/1.1\\nHOST:mirror.example\\nCookie: (17 bytes, not shown)\\nauthorization: (16 bytes, not shown)\\nX-Odd:   two  spaces \\nAccept: */*'")
	p.await("document.querySelectorAll('#log details[open] pre.head')[1].textContent.startsWith('HTTP/1.1 200 OK\\n')")
	p.await("!document.documentElement.innerHTML.includes('topsecret')")
	p.picture("heads")
	must(t, p.Go(p.ctx, root+"log?path=/bytes/30"))
	p.await(rows + " == 1 && !document.querySelector('pre.head')")

	must(t, p.Script(p.ctx, false))
	must(t, p.Go(p.ctx, root+"log"))
	p.press("Stop")
	p.await("document.querySelector('#heads').textContent.includes('Recorded: 1 of') && document.querySelectorAll('pre.head').length == 2")
	b.say(t, b.C2, "GET /bytes/40 HTTP/1.1\r\nHost: mirror.example\r\nX-Late: yes\r\n\r\n")
	eventually(t, "the last record", func() bool { return b.record(t, "--path", "/bytes/40") != nil })
	must(t, p.Go(p.ctx, root+"log"))
	p.await("document.body.textContent.includes('/bytes/40') && !document.body.textContent.includes('X-Late')")
	p.press("Forget them now")
	p.await("document.querySelector('#heads') && !document.querySelector('pre.head') && !document.body.textContent.includes('Recorded:')")
}

// TestHeadsOfCurl records on the command line what curl sends and is sent.
func TestHeadsOfCurl(t *testing.T) {
	must(t, lab.Requirements("curl"))
	b := inline(t)
	origin, err := b.S1.HTTPOrigin(":80")
	must(t, err)
	t.Cleanup(func() { _ = origin.Close() })
	client := control.NewClient(b.limpid.RunDir)
	t.Cleanup(client.Close)
	done := make(chan []byte, 1)
	go func() {
		out, err := b.limpid.Run(t.Context(), "log", "--heads", "--json", "--for", "20s", "--client", b.C2.IP4().String())
		if err != nil {
			t.Errorf("limpid log --heads: %v", err)
		}
		done <- out
	}()
	eventually(t, "the recording", func() bool {
		h, err := client.Heads(t.Context(), 0)
		return err == nil && h.Recording
	})
	sent, got := b.curl(t, b.C2, "/bytes/50", "-H", "X-Mine: \xe9t\xe9", "-b", "session=topsecret", "-u", "me:topsecret"), "" //nolint:dupword // a header
	b.curl(t, b.C3, "/bytes/60")
	var pair control.HeadPair
	out := <-done
	if lines := strings.Split(strings.TrimSpace(string(out)), "\n"); len(lines) != 1 {
		t.Fatalf("%d lines: %s", len(lines), out)
	}
	must(t, json.Unmarshal(out, &pair))
	for line := range strings.SplitSeq(pair.Request.Text, "\r\n") {
		got += line + "\n"
	}
	for _, want := range []string{"GET /bytes/50 HTTP/1.1\n", "Host: mirror.example\n", "Cookie: (17 bytes, not shown)\n", "Authorization: (22 bytes, not shown)\n", "X-Mine: \u00e9t\u00e9\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("curl's head has no %q: %s", want, got)
		}
	}
	// What curl says that it was sent is what was recorded.
	if pair.Response.Text != sent {
		t.Errorf("the response's head is %q, for curl %q", pair.Response.Text, sent)
	}
	if strings.Contains(string(out), "topsecret") || pair.Record.Heads != pair.ID || pair.Record.Status != http.StatusOK {
		t.Errorf("%s", out)
	}
	// It forgets at its end.
	if h, err := client.Heads(t.Context(), 0); err != nil || h.Begun {
		t.Errorf("afterwards: %+v, %v", h, err)
	}
	if r := b.record(t, "--path", "/bytes/60"); r == nil || r.Heads != 0 {
		t.Errorf("the record of another client: %+v", r)
	}
}

// curl asks for a path of mirror.example, and gives the response's head.
func (b *box) curl(t *testing.T, from *lab.Node, path string, more ...string) string {
	t.Helper()
	args := append([]string{"-sS", "-o", "/dev/null", "-D", "-", "-H", "Host: mirror.example"}, more...)
	out, err := from.Command(t.Context(), "curl", append(args, fmt.Sprintf("http://%s%s", netServer(), path))...).Output()
	must(t, err)
	return string(out)
}
