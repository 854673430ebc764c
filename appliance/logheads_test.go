package main

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"limpid/appliance/control"
)

// header is a supervisor that records heads: two, one after the other, and no more.
type header struct {
	backend
	mu      sync.Mutex
	request control.HeadsRequest
	forgot  int
	err     error
}

func (h *header) RecordHeads(_ context.Context, request control.HeadsRequest) (control.Heads, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.request = request
	return control.Heads{Begun: true, Recording: true, Until: time.Now()}, h.err
}

func (h *header) Heads(_ context.Context, after uint64) (control.Heads, error) {
	all := []control.HeadPair{
		{ID: 1, Record: control.LogRecord{
			Client: netip.MustParseAddrPort("192.0.2.7:40000"), Server: netip.MustParseAddrPort("198.51.100.1:80"), Method: "GET", URL: "http://a.example/", Status: 200, Verdict: "forward",
		}, Request: control.Head{Text: "GET / HTTP/1.1\r\nX: \x1b[31m\u00e9\r\n\r\n", Bytes: 30}, Response: control.Head{Text: "HTTP/1.1 200 OK\r\n\r\n", Bytes: 19}},
		{ID: 2, Record: control.LogRecord{
			Client: netip.MustParseAddrPort("192.0.2.7:40000"), Server: netip.MustParseAddrPort("198.51.100.1:80"), Method: "GET", URL: "http://b.example/", Verdict: "abort",
		}, Request: control.Head{Text: "GET / HT", Bytes: 9000, Cut: true}},
	}
	answer := control.Heads{Begun: true, Recording: after < 2, Displaced: 4, Heads: []control.HeadPair{}, Cursor: after, Problems: []string{}}
	if after < 2 {
		answer.Heads, answer.Cursor = all[after:after+1], after+1
	}
	return answer, nil
}

func (h *header) ForgetHeads(context.Context) (control.Heads, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forgot++
	return control.Heads{}, nil
}

func TestHeadsForPeople(t *testing.T) {
	h := &header{}
	dir := answerOn(t, h)
	code, stdout, stderr := limpid("log", "--heads", "--for", "2m", "--host", "*.example", "--run", dir)
	for _, want := range []string{
		"http://a.example/\n    > GET / HTTP/1.1\n    > X: \\x1b[31m\\xe9\n    < HTTP/1.1 200 OK\n", "http://b.example/\n    > GET / HT\n    > (cut: all of it has 9000 bytes)\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout has no %q: %q", want, stdout)
		}
	}
	if code != exitDone || !strings.Contains(stderr, "heads are recorded until") || strings.Count(stderr, "4 heads were displaced") != 1 {
		t.Errorf("code %d, %q", code, stderr)
	}
	if h.request.For != control.Duration(2*time.Minute) || h.request.Filter["host"] != "*.example" || h.request.Count != control.MaxHeads || h.forgot != 1 {
		t.Errorf("asked for %+v, forgot %d times", h.request, h.forgot)
	}
	if code, stdout, _ := limpid("log", "--heads", "--json", "--run", dir); code != exitDone || strings.Count(stdout, "\n") != 2 || !strings.Contains(stdout, `"text":"HTTP/1.1 200 OK\r\n\r\n"`) {
		t.Errorf("--json: code %d, %s", code, stdout)
	}
	for _, args := range [][]string{
		{"--for", "1m"}, {"--heads", "-f"}, {"--heads", "-n", "3"}, {"--heads", "--squid"}, {"--heads", "--for", "0s"}, {"--heads", "--for", "11m"}, {"--heads", "--status", "what"},
	} {
		if code, _, stderr := limpid(append([]string{"log", "--run", dir}, args...)...); code != exitUsage || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: code %d, %q", args, code, stderr)
		}
	}
}
