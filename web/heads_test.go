package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

func (b *box) Heads(_ context.Context, after uint64) (control.Heads, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.heads
	h.Heads, h.Cursor = []control.HeadPair{}, after
	for _, pair := range b.heads.Heads {
		if pair.ID > after && len(h.Heads) < 1 { // as if each were large
			h.Heads, h.Cursor = append(h.Heads, pair), pair.ID
		}
	}
	return h, b.err
}

func (b *box) RecordHeads(_ context.Context, request control.HeadsRequest) (control.Heads, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.heads.Recording {
		return control.Heads{}, control.Refuse(errors.New("heads are being recorded already: stop that first"))
	}
	b.headed = append(b.headed, "record "+time.Duration(request.For).String()+" "+request.Filter["host"]+" "+request.Who)
	return b.heads, b.err
}

func (b *box) StopHeads(context.Context) (control.Heads, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.headed = append(b.headed, "stop")
	return b.heads, b.err
}

func (b *box) ForgetHeads(context.Context) (control.Heads, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.headed = append(b.headed, "forget")
	return b.heads, b.err
}

// withHeads is a recording of two transactions, and the log with both and a third.
func withHeads(b *box) {
	const secret = "Cookie: (6 bytes, not shown)\r\n"
	b.heads = control.Heads{
		Begun: true, Recording: true, Filter: map[string]string{"host": "mirror.example"}, Who: "10.0.0.1", Until: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Kept: 2, Displaced: 3,
		Heads: []control.HeadPair{
			{ID: 8, Request: control.Head{Text: "GET /a HTTP/1.1\r\n" + secret + "X: <b>\x01\u00e9\r\n\r\n", Bytes: 70}, Response: control.Head{Text: "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nVARY: a\r\n\r\n", Bytes: 60}},
			{ID: 9, Request: control.Head{Text: "GET /long", Bytes: 9 << 10, Cut: true}},
		},
	}
	b.pages = []control.LogPage{{Cursor: "run.3", Records: []control.LogRecord{
		record(func(r *control.LogRecord) { r.Heads = 8 }), record(func(r *control.LogRecord) { r.Heads = 9 }), record(nil), record(func(r *control.LogRecord) { r.Heads = 7 }),
	}}}
}

func TestRowsShowTheirHeads(t *testing.T) {
	b := guarded()
	p := newPage(t, b)
	for _, path := range []string{"/log?host=mirror.example", "/log/rows?after=run.1&host=mirror.example"} {
		b.set(withHeads)
		got := enter(t, p, holder{owners, "of the owner"}).get(path).text
		for want, n := range map[string]int{
			"GET /a HTTP/1.1\nCookie: (6 bytes, not shown)\nX: &lt;b&gt;\\x01é</pre>": 1, "Cache-Control: max-age=60; VARY: a.": 1, "Request head</h3>": 2,
			"all of it has 9 KiB": 1, "None was recorded.": 1, "this version has no cache": 4, "Heads are recorded</b> until 03:04:05, for 10.0.0.1": 1,
			"Site <b>mirror.example</b>": 1, "2 so far, 3 older ones made room": 1, `action="/log/heads/stop"><input type="hidden" name="host" value="mirror.example">`: 1,
			`action="/log/heads"`: 0, `<rect class="through" width="100"`: 4,
		} {
			if strings.Count(got, want) != n {
				t.Errorf("%s has %d times %q, want %d:\n%s", path, strings.Count(got, want), want, n, got)
			}
		}
		// Who may only look is not told that there are any.
		b.set(withHeads)
		got = enter(t, p, holder{readers, "of the reader"}).get(path).text
		for _, hidden := range []string{"not shown", "max-age", "recorded", "/log/heads"} {
			if strings.Contains(got, hidden) {
				t.Errorf("%s tells who may look %q:\n%s", path, hidden, got)
			}
		}
	}
}

func TestHeadsAreOrdered(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	if got := v.get("/log").text; !strings.Contains(got, "Record heads for 10 minutes") || strings.Contains(got, "Forget them now") || strings.Contains(got, ">Stop<") {
		t.Errorf("before any: %s", got)
	}
	got := v.post("/log/heads", field("host", "mirror.example", "limit", "300"))
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/log?host=mirror.example&limit=300" {
		t.Errorf("%s to %q", got.Status, got.Header.Get("Location"))
	}
	v.post("/log/heads/stop", nil)
	v.post("/log/heads/forget", nil)
	if len(b.headed) != 3 || !strings.HasPrefix(b.headed[0], "record 10m0s mirror.example ") || strings.HasSuffix(b.headed[0], " ") || b.headed[1] != "stop" || b.headed[2] != "forget" {
		t.Errorf("did %q", b.headed)
	}
	b.set(withHeads)
	if got := v.post("/log/heads", nil); got.StatusCode != http.StatusConflict || !strings.Contains(got.text, "stop that first") {
		t.Errorf("a second one: %s", got.Status)
	}
	b.set(func(b *box) { b.heads.Recording, b.heads.Problems = false, []string{"ask proxy: <gone>"} })
	if got := v.get("/log").text; !strings.Contains(got, "Recorded: 2</b> of requests that fit") || !strings.Contains(got, "Forget them now") || !strings.Contains(got, "ask proxy: &lt;gone&gt;") {
		t.Errorf("after one: %s", got)
	}
}

// Who has it done over the API is who calls, whatever is said.
func TestHeadsAreSigned(t *testing.T) {
	call := apiCall{method: http.MethodPut, path: "/v1/log/heads"}
	body, err := signed(call, []byte(`{"who":"somebody else","for":"1m"}`), "token robot")
	if err != nil || string(body) != `{"for":"1m0s","who":"token robot"}` {
		t.Errorf("%s, %v", body, err)
	}
	for _, bad := range []string{`{"nobody":1}`, `{} {}`, `[`} {
		if _, err := signed(call, []byte(bad), "token robot"); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
