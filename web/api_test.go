package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"limpid/appliance/control"
)

// program is whoever has the token that may all.
func program(t *testing.T, p *Page) *visitor { return &visitor{t: t, handler: p.Handler()} }

func full() []string { return []string{"Authorization", "Bearer " + fullToken} }

// What the control API answers is passed back as it is.
func TestAnswersPass(t *testing.T) {
	b := guarded()
	p := newPage(t, b)
	v := program(t, p)
	for _, c := range []struct {
		method, path, body string
		code               int
		kind, says         string
	}{
		{"GET", "/v1/flows?limit=x", "", 400, "application/json", `"error": "limit`},
		{"GET", "/v1/log?status=bad", "", 400, "application/json", "want a number like 404"},
		{"GET", "/v1/metrics", "", 200, "text/plain; version=0.0.4; charset=utf-8", "limpid_problems 0"},
		{"GET", "/v1/history?span=24h", "", 200, "application/json", `"points"`},
		{"POST", "/v1/bypass", `{"on":true,"for":"10"}`, 400, "application/json", "want a number and a unit"},
		{"POST", "/v1/flows/404/reset", "", 400, "application/json", "no such flow"},
		{"POST", "/v1/flows/first/reset", "", 400, "application/json", "want the number"},
		{"PUT", "/v1/update/bundle?sha256=bad", "x", 400, "application/json", "this is no bundle"},
		{"GET", "/v1/none", "", 404, "application/json", "there is no such call here"},
		{"DELETE", "/v1/status", "", 404, "application/json", "there is no such call here"},
		{"GET", "/v2/status", "", 404, "application/json", "there is no such call here"},
	} {
		got := v.call(t.Context(), c.method, "/api"+c.path, c.body, full())
		if got.StatusCode != c.code || got.Header.Get("Content-Type") != c.kind || !strings.Contains(got.text, c.says) {
			t.Errorf("%s %s: %s", c.method, c.path, got.text)
		}
	}
	if b.span != "24h" {
		t.Errorf("the query got lost: %q", b.span)
	}
	b.set(func(b *box) { b.err = context.DeadlineExceeded })
	p.watcher.stale()
	if got := v.call(t.Context(), "GET", "/api/v1/status", "", full()); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the supervisor is silent: %s", got.Status)
	}
}

// No name in a path leads to another call than the one that was allowed.
func TestPathsLeadNowhereElse(t *testing.T) {
	b := guarded()
	v := program(t, newPage(t, b))
	reads := []string{"Authorization", "Bearer " + readToken}
	for _, path := range []string{
		"/v1/settings/history/%2e%2e", "/v1/settings/history/.%2e", "/v1/settings/history/%2e", "/v1/settings/history/%2e%2e%2f..%2fweb%2fpassword", "/v1/settings/history/2%3fx",
		"/v1/flows/%2e%2e/reset", "/v1/../v1/web/password", "//v1/web/password", "/v1/web/password/", "/v1/web%2fpassword", "/v1/status/..%2fweb%2fpassword",
	} {
		for _, method := range []string{"GET", "POST"} {
			headers := reads
			if method == "POST" {
				headers = full()
			}
			before := b.state()
			got := v.call(t.Context(), method, "/api"+path, "", headers)
			moved := got.StatusCode/100 == 3 && strings.HasPrefix(got.Header.Get("Location"), "/api/")
			if got.StatusCode/100 != 4 && !moved || strings.Contains(got.text, "of the owner") || b.state() != before {
				t.Errorf("%s %s: %s", method, path, got.text)
			}
		}
	}
}

// Who changes settings over the API cannot say it was somebody else, and what it is told
// lets nobody log in on the page.
func TestTokensMakeNoSession(t *testing.T) {
	b := guarded()
	b.applied = control.SettingsApplied{Trial: &control.SettingsTrial{Left: 89}, Token: "TOKEN"}
	p := newPage(t, b)
	v := program(t, p)
	for body, code := range map[string]int{`{"text":"a","who":"10.0.0.1"} {}`: 400, `{"text":"a","whom":"10.0.0.1"}`: 400, `[]`: 400, ``: 400} {
		if got := v.call(t.Context(), "POST", "/api/v1/settings/apply", body, full()); got.StatusCode != code || len(b.changes) > 0 {
			t.Errorf("%s: %s", body, got.Status)
		}
	}
	got := v.call(t.Context(), "POST", "/api/v1/settings/apply", `{"text":"a","who":"10.0.0.1","note":"why","window":"1m0s"}`, full())
	if len(b.changes) != 1 || b.changes[0].Who != "token robot, 192.0.2.1" || b.changes[0].Note != "why" || b.changes[0].Window == 0 {
		t.Fatalf("%s; applied %+v", got.text, b.changes)
	}
	b.set(func(b *box) { b.who = b.changes[0].Who })
	stranger := &visitor{t: t, handler: p.Handler()}
	if got := stranger.post("/settings/confirm", field("token", "TOKEN")); got.StatusCode != http.StatusSeeOther || stranger.cookie != nil {
		t.Errorf("confirmed on the page: %s, cookie %v", got.Status, stranger.cookie)
	}
	if got := stranger.get("/settings"); got.StatusCode != http.StatusForbidden {
		t.Errorf("afterwards: %s", got.Status)
	}
	// What was applied on the page does, and a reader becomes who he was told to be.
	b.set(func(b *box) { b.token, b.who = "TOKEN", "192.0.2.1" })
	reader := enter(t, p, holder{readers, "of the reader"})
	if got := reader.post("/settings/confirm", field("token", "TOKEN")); got.StatusCode != http.StatusSeeOther {
		t.Errorf("%s", got.Status)
	}
	if got := reader.get("/settings/backup"); got.StatusCode != http.StatusOK {
		t.Errorf("who has the link: %s", got.Status)
	}
}

func TestLargeBodiesAreRefused(t *testing.T) {
	b := guarded()
	v := program(t, newPage(t, b))
	for _, c := range apiCalls() {
		if c.most == 0 || c.method == http.MethodGet {
			continue
		}
		path := strings.NewReplacer("{id}", "7", "{number}", "2").Replace(c.path)
		before := b.state()
		if got := v.call(t.Context(), c.method, "/api"+path, strings.Repeat(" ", int(c.most)+1), full()); got.StatusCode != http.StatusRequestEntityTooLarge || b.state() != before {
			t.Errorf("%s: %s", c.path, got.Status)
		}
	}
}

// overTLS serves a box on real sockets: the control API on one, and the page, which asks
// that, on another.
func overTLS(t *testing.T, b *box) (place string, client *http.Client) {
	t.Helper()
	dir := t.TempDir()
	listener, err := control.Listen(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := control.Serve(ctx, listener, behind{b}); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(serving.Wait)
	t.Cleanup(cancel)
	b.client = control.NewClient(dir)
	t.Cleanup(b.client.Close)
	page, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := newPage(t, b)
	serving.Go(func() {
		if err := p.Serve(ctx, []net.Listener{page}); err != nil {
			t.Error(err)
		}
	})
	client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // it is our own
	t.Cleanup(client.CloseIdleConnections)
	return "https://" + page.Addr().String(), client
}

// TestBundlePasses sends a large file through page and control socket: it is passed on
// as it comes, and never held as a whole.
func TestBundlePasses(t *testing.T) {
	b := guarded()
	place, client := overTLS(t, b)
	const size = 64 << 20
	for _, c := range []struct {
		query    string
		size     int64
		code     int
		received int64
	}{{"", size, 200, size}, {"", 1, 200, size + 1}, {"?sha256=bad", size, 400, size + 1}, {"", -1, 400, size + 1}} {
		body := io.LimitReader(zeros{}, max(c.size, 1))
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, place+"/api/v1/update/bundle"+c.query, body)
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = c.size
		request.Header.Set("Authorization", "Bearer "+fullToken)
		request.Header.Set("Expect", "100-continue") // as curl does
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != c.code || b.received != c.received || c.code != 200 && !bytes.Contains(text, []byte(`"error"`)) {
			t.Errorf("%d bytes%s: %s, %v: %s; %d received", c.size, c.query, response.Status, err, text, b.received)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestDescriptionIsServed(t *testing.T) {
	b := guarded()
	p := newPage(t, b)
	v := program(t, p)
	for _, path := range []string{"/api/openapi.yaml", "/api/v1/openapi.yaml"} {
		got := v.call(t.Context(), "GET", path, "", []string{"Authorization", "Bearer " + readToken})
		if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "application/yaml" || !strings.HasSuffix(got.text, string(control.Description())) {
			t.Errorf("%s: %s", path, got.Status)
		}
		if got := v.get(path); got.StatusCode != http.StatusUnauthorized || strings.Contains(got.text, "openapi:") {
			t.Errorf("%s to strangers: %s", path, got.Status)
		}
	}
	got := enter(t, p, holder{readers, "of the reader"}).get("/api").text
	for _, want := range []string{"GET /api/v1/status", "PUT /api/v1/update/bundle", "State of everything", "openapi: 3.1.0", "--connect-to ::192.0.2.10:443 "} {
		if !strings.Contains(got, want) {
			t.Errorf("the page about the API has no %q", want)
		}
	}
	if strings.Contains(got, "/api/v1/web/") {
		t.Error("the page offers what does not pass")
	}
}

// Each refusal is one line that a program can read.
func TestRefusalsAreJSON(t *testing.T) {
	v := program(t, newPage(t, guarded()))
	for _, headers := range [][]string{nil, {"Authorization", "Bearer " + readToken}} {
		for _, path := range []string{"/api/v1/bypass", "/api/none", "/api/"} {
			got := v.call(t.Context(), "POST", path, "", headers)
			_, body, _ := strings.Cut(got.text, "\r\n\r\n")
			var said struct{ Error string }
			if err := json.Unmarshal([]byte(body), &said); err != nil || said.Error == "" || strings.Contains(said.Error, "\n") {
				t.Errorf("%s: %q, %v", path, body, err)
			}
		}
	}
}
