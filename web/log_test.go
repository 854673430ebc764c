package web

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

// record is one as the log gives it.
func record(change func(*control.LogRecord)) control.LogRecord {
	total := int64(12345)
	r := control.LogRecord{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), Flow: 7,
		Client: netip.MustParseAddrPort("10.0.0.7:40000"), Server: netip.MustParseAddrPort("192.0.2.1:80"),
		Method: "GET", URL: "http://mirror.example/a?b=1", Status: 200, Verdict: "forward", ResponseBytes: 1 << 20, Total: &total,
	}
	if change != nil {
		change(&r)
	}
	return r
}

// Strangers are not told who asks for what, nor may they cut it off.
func TestStrangersReadNoLog(t *testing.T) {
	b := whole()
	b.hash = "set"
	v := &visitor{t: t, handler: newPage(t, b).Handler()}
	for _, path := range []string{"/log", "/log/rows?after=run.1", "/log/export/csv", "/log/export/json", "/flows"} {
		if got := v.get(path); got.StatusCode != http.StatusForbidden || !strings.Contains(got.text, "Log in to") {
			t.Errorf("%s: %s", path, got.Status)
		}
	}
	if got := v.post("/flows/7/reset", nil); got.StatusCode != http.StatusForbidden || len(b.reset) > 0 {
		t.Errorf("reset: %s, %v", got.Status, b.reset)
	}
	if len(b.queries) > 0 {
		t.Errorf("the log was asked: %v", b.queries)
	}
}

func TestLog(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	b.pages = []control.LogPage{{
		Records: []control.LogRecord{
			record(nil),
			record(func(r *control.LogRecord) {
				r.URL, r.UserAgent, r.Status = `http://"><script>x</script>/<b>`, "<i>agent", 503
			}),
		},
		Cursor: "run.3", Missed: 2, Problems: []string{"the disk is full"},
	}}
	got := v.get("/log?host=mirror.example&verdict=&limit=300&other=x")
	if q := b.queries[0]; q.After != "" || q.Limit != 300 || len(q.Filter) != 1 || q.Filter["host"] != "mirror.example" {
		t.Errorf("asked for %+v", q)
	}
	for _, want := range []string{
		`data-cursor="run.3"`, "2 records were gone", "the disk is full",
		`href="/log?client=10.0.0.7&amp;host=mirror.example&amp;limit=300"`, // only this client, of what is wanted already
		`href="/log?host=mirror.example&amp;limit=300&amp;status=200"`,
		`href="/log?limit=300" aria-label="Without Site mirror.example"`, // and without a word
		`href="/log/export/csv?host=mirror.example&amp;limit=300"`,
		"1 MiB", "12.35ms", "&lt;i&gt;agent", `value="mirror.example"`, "<option selected>300</option>",
	} {
		if !strings.Contains(got.text, want) {
			t.Errorf("the page has no %s:\n%s", want, got.text)
		}
	}
	if strings.Contains(got.text, "<script>x") || strings.Contains(got.text, "<b></summary>") {
		t.Error("what a stranger has sent is part of the page")
	}
	// The newest is first.
	if first, second := strings.Index(got.text, "503"), strings.Index(got.text, ">200<"); first < 0 || second < first {
		t.Errorf("rows at %d and %d", first, second)
	}
	b.pages = []control.LogPage{{Records: []control.LogRecord{record(nil)}, Cursor: "run.4"}}
	if got := v.get("/log/rows?host=m&after=run.3"); b.queries[1].After != "run.3" || !strings.Contains(got.text, `data-cursor="run.4"`) || strings.Contains(got.text, "<header") {
		t.Errorf("%+v: %s", b.queries[1], got.text)
	}
	if got := v.get("/log?status=bad"); got.StatusCode != http.StatusBadRequest || !strings.Contains(got.text, "want a number like 404") || !strings.Contains(got.text, `value="bad"`) {
		t.Errorf("a bad word: %s", got.text)
	}
	if got := v.get("/log/rows?status=bad"); got.StatusCode != http.StatusBadRequest {
		t.Errorf("a bad word: %s", got.Status)
	}
}

func TestLogExport(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	pages := func() []control.LogPage {
		return []control.LogPage{
			{Records: []control.LogRecord{record(nil), record(func(r *control.LogRecord) { r.UserAgent = "=cmd()" })}, Cursor: "run.2"},
			{Records: []control.LogRecord{record(func(r *control.LogRecord) { r.URL = "http://a/\"b,\nc" })}, Cursor: "run.3"},
			{Cursor: "run.3"},
		}
	}
	b.pages = pages()
	got := v.get("/log/export/csv?client=10.0.0.0/8")
	for _, want := range []string{
		"Content-Disposition: attachment; filename=\"limpid-log-", "time,flow,client,",
		"2026-01-02T03:04:05.678Z,7,10.0.0.7:40000,192.0.2.1:80,,GET,http://mirror.example/a?b=1,200,forward,,0,1048576,,,12345,,\n",
		",'=cmd()\n", `"http://a/""b,` + "\nc\"",
	} {
		if !strings.Contains(got.text, want) {
			t.Errorf("no %q in %s", want, got.text)
		}
	}
	if len(b.queries) != 3 || b.queries[0].After != fromStart || b.queries[1].After != "run.2" || b.queries[0].Filter["client"] != "10.0.0.0/8" {
		t.Errorf("asked %+v", b.queries)
	}
	b.pages = pages()
	got = v.get("/log/export/json")
	_, body, _ := strings.Cut(got.text, "\r\n\r\n")
	var records []control.LogRecord
	if err := json.Unmarshal([]byte(body), &records); err != nil || len(records) != 3 || records[2].URL != "http://a/\"b,\nc" {
		t.Errorf("%v, %v: %s", err, records, body)
	}
	if got = v.get("/log/export/json"); !strings.HasSuffix(got.text, "[]\n") {
		t.Errorf("none: %s", got.text)
	}
	// What comes while it is written is not waited for.
	b.queries = nil
	b.pages = []control.LogPage{{Records: []control.LogRecord{record(func(r *control.LogRecord) { r.Time = time.Now().Add(time.Hour) })}, Cursor: "run.5"}}
	if got = v.get("/log/export/csv"); len(b.queries) != 1 || got.StatusCode != http.StatusOK {
		t.Errorf("%s after %+v", got.Status, b.queries)
	}
	if got = v.get("/log/export/xls"); got.StatusCode != http.StatusNotFound {
		t.Errorf("another format: %s", got.Status)
	}
	if got = v.get("/log/export/csv?status=bad"); got.StatusCode != http.StatusBadRequest || !strings.Contains(got.text, "want a number like 404") {
		t.Errorf("a bad word: %s", got.text)
	}
}

func TestFlows(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	flow := func(id uint64, age time.Duration, bytes uint64) control.Flow {
		return control.Flow{
			ID: id, Holder: "proxy", Client: netip.MustParseAddrPort("10.0.0.7:40000"), Server: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(8000+id)),
			Started: time.Now().Add(-age), Down: bytes, Verdict: "http",
		}
	}
	b.flows = control.FlowList{Flows: []control.Flow{flow(1, time.Hour, 10), flow(2, time.Minute, 30), flow(3, 2*time.Hour, 20)}, Total: 9, Problems: []string{"the gate does not answer"}}
	b.flows.Flows[0].Holder = "gate"
	for order, want := range map[string][]string{"new": {"8002", "8001", "8003"}, "old": {"8003", "8001", "8002"}, "bytes": {"8002", "8003", "8001"}, "nonsense": {"8002", "8001", "8003"}} {
		text := v.get("/flows?order=" + order).text
		for i := range want[1:] {
			if a, b := strings.Index(text, want[i]), strings.Index(text, want[i+1]); a < 0 || b < a {
				t.Errorf("%s: %s is not before %s", order, want[i], want[i+1])
			}
		}
	}
	text := v.get("/flows").text
	for _, want := range []string{"9 being carried, 3 of them here", "the gate does not answer", `action="/flows/3/reset"`, `href="/log?client=10.0.0.7"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if strings.Contains(text, `"/flows/1/reset"`) {
		t.Error("a flow of the gate's can be reset on the page, and cannot")
	}
	if got := v.post("/flows/3/reset", nil); got.StatusCode != http.StatusSeeOther || len(b.reset) != 1 || b.reset[0] != 3 {
		t.Errorf("reset: %s, %v", got.Status, b.reset)
	}
	if got := v.post("/flows/404/reset", nil); got.StatusCode != http.StatusConflict || !strings.Contains(got.text, "no such flow") {
		t.Errorf("gone: %s", got.Status)
	}
	if got := v.post("/flows/x/reset", nil); got.StatusCode != http.StatusBadRequest {
		t.Errorf("no number: %s", got.Status)
	}
}

func TestPlaces(t *testing.T) {
	for text, want := range map[string][3]string{
		"http://a.example/b?c": {"a.example", "/b?c", "a.example"}, "http://a.example:8080/": {"a.example:8080", "/", "a.example"},
		"http://[2001:db8::1]:81/x": {"[2001:db8::1]:81", "/x", "2001:db8::1"}, "a.example:443": {"a.example:443", "", "a.example"},
		"ftp://a/b": {"ftp://a", "/b", "a"}, "": {"", "", ""},
	} {
		site, path := placeOf(text)
		if got := [3]string{site, path, hostOf(site)}; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 3 << 30: "3 GiB"} {
		if got := size(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
