package control

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// ladders is the part of a fake that makes them.
type ladders struct{ wanted []LadderRequest }

func (l *ladders) Ladder(context.Context) (LadderState, error) {
	return LadderState{Ladder: &Ladder{ID: 4, LadderResult: LadderResult{Captured: CapturedYes}}}, nil
}

func (l *ladders) BeginLadder(_ context.Context, request LadderRequest) (Ladder, error) {
	l.wanted = append(l.wanted, request)
	if request.Who == "second" {
		return Ladder{}, Refuse(errors.New("ladder: one is being made: wait"))
	}
	return Ladder{LadderRequest: request, ID: 4, Running: true, Left: 9}, nil
}

func TestLadderOverTheSocket(t *testing.T) {
	backend := &fake{}
	client := serve(t, backend)
	request := LadderRequest{Client: netip.MustParseAddr("::ffff:192.0.2.1"), Server: netip.MustParseAddr("192.0.2.2"), Port: 8080, For: Duration(time.Minute), Who: "x"}
	got, err := client.BeginLadder(t.Context(), request)
	request.Client = netip.MustParseAddr("192.0.2.1")
	if err != nil || !got.Running || got.LadderRequest != request || backend.wanted[0] != request {
		t.Errorf("%+v, %v; the backend was asked for %+v", got, err, backend.wanted)
	}
	if _, err := client.BeginLadder(t.Context(), LadderRequest{}); err != nil || backend.wanted[1] != (LadderRequest{For: Duration(10 * time.Second)}) {
		t.Errorf("with nothing said: %+v, %v", backend.wanted, err)
	}
	if s, err := client.Ladder(t.Context()); err != nil || s.Ladder == nil || s.Ladder.Captured != CapturedYes {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := client.BeginLadder(t.Context(), LadderRequest{Who: "second"}); err == nil || err.Error() != "ladder: one is being made: wait" {
		t.Errorf("a second one: %v", err)
	}
}

func TestBadLaddersAreRefused(t *testing.T) {
	backend := &fake{}
	server := httptest.NewServer(Handler(backend))
	defer server.Close()
	for body, want := range map[string]string{
		`{"client":"me"}`:                       "read request",
		`{"client":"fe80::1%eth0"}`:             "without a zone",
		`{"client":"192.0.2.1","server":"::1"}`: "one IP version",
		`{"port":65536}`:                        "read request",
		`{"for":"999ms"}`:                       "want 1s to 1m0s",
		`{"for":"61s"}`:                         "want 1s to 1m0s",
		`{"for":"-1s"}`:                         "want 1s to 1m0s",
		`{"frames":9}`:                          "unknown field",
		`{} {}`:                                 "something follows",
		`{"who":"` + strings.Repeat("w", maxWho+1) + `"}`: "at most 256",
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+doctorLadderPath, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text := make([]byte, 1000)
		n, _ := response.Body.Read(text)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusBadRequest || !strings.Contains(string(text[:n]), want) {
			t.Errorf("%s: %s %s, want %q", body, response.Status, text[:n], want)
		}
	}
	if len(backend.wanted) != 0 {
		t.Errorf("the backend was asked for %+v", backend.wanted)
	}
}

func TestRungLabel(t *testing.T) {
	for want, r := range map[string]Rung{
		"SYN":                          {Flags: "SYN"},
		"SYN ACK":                      {Flags: "SYN ACK"},
		"ACK":                          {Flags: "ACK"},
		"FIN ACK":                      {Flags: "FIN ACK"},
		"again: RST":                   {Flags: "RST", Again: true},
		"12 bytes":                     {Flags: "PSH ACK", Length: 12},
		"12 bytes FIN":                 {Flags: "FIN PSH ACK", Length: 12},
		"GET /, 12 bytes":              {Flags: "PSH ACK", Length: 12, Head: "GET /"},
		"again: HTTP/1.1 200, 1 bytes": {Flags: "ACK", Length: 1, Head: "HTTP/1.1 200", Again: true},
	} {
		if got := r.Label(); got != want {
			t.Errorf("%+v: %q, want %q", r, got, want)
		}
	}
}
