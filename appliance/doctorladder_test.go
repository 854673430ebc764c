package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

func (b *backend) Ladder(context.Context) (control.LadderState, error) {
	return control.LadderState{Ladder: b.ladder}, nil
}

func (b *backend) BeginLadder(_ context.Context, request control.LadderRequest) (control.Ladder, error) {
	b.wanted = append(b.wanted, request)
	if b.ladder != nil && b.ladder.Running {
		return control.Ladder{}, control.Refuse(errors.New("ladder: one is being made, for another 9 s at most: wait"))
	}
	return control.Ladder{ID: 3, Running: true}, nil
}

func TestDoctorDrawsALadder(t *testing.T) {
	found := control.LadderResult{Captured: control.CapturedYes, From: netip.MustParseAddrPort("192.0.2.1:40000"), To: netip.MustParseAddrPort("192.0.2.2:80"), Verdict: control.HealthOK,
		Findings: []control.LadderStep{{Verdict: control.HealthOK, Text: "It was captured."}},
		Rungs:    []control.Rung{{From: control.EndClient, To: control.EndBox, Flags: "SYN", Seen: []control.Sighting{{Place: control.AtClient, Device: "eth0", TTL: 64}}}}}
	b := &backend{ladder: &control.Ladder{ID: 3, LadderResult: found}}
	dir := answerOn(t, b)
	code, stdout, stderr := limpid("doctor", "--ladder", "client=::ffff:192.0.2.1", "server=192.0.2.2:8080", "--for", "30s", "--run", dir)
	if code != exitDone || !strings.Contains(stdout, "|-- SYN ------------------------->|") || !strings.Contains(stdout, "ok      It was captured.") || strings.Contains(stdout, "TTL") || !strings.Contains(stderr, "waiting 30s") {
		t.Errorf("code %d, %s, %s", code, stdout, stderr)
	}
	want := control.LadderRequest{Client: netip.MustParseAddr("192.0.2.1"), Server: netip.MustParseAddr("192.0.2.2"), Port: 8080, For: control.Duration(30 * time.Second), Who: "the command line"}
	if len(b.wanted) != 1 || b.wanted[0] != want {
		t.Errorf("asked for %+v", b.wanted)
	}
	if code, stdout, _ := limpid("doctor", "server=[2001:db8::1]:80", "--ladder", "--evidence", "--run", dir); code != exitDone || !strings.Contains(stdout, "clients' port, eth0 in") || b.wanted[1].Server != netip.MustParseAddr("2001:db8::1") {
		t.Errorf("code %d, %s, %+v", code, stdout, b.wanted)
	}
	b.ladder.Verdict = control.HealthFail
	code, stdout, stderr = limpid("doctor", "--ladder", "--json", "--run", dir)
	var l control.Ladder
	if err := json.Unmarshal([]byte(stdout), &l); err != nil || code != exitFailed || l.Rungs[0].Flags != "SYN" || !strings.Contains(stderr, "not well") {
		t.Errorf("code %d, %v, %s, %s", code, err, stdout, stderr)
	}
	b.ladder.Problem = "the process was killed"
	if code, _, stderr := limpid("doctor", "--ladder", "--run", dir); code != exitFailed || !strings.Contains(stderr, "ladder: the process was killed") {
		t.Errorf("one that failed: code %d, %s", code, stderr)
	}
	b.ladder = &control.Ladder{ID: 9}
	if code, _, stderr := limpid("doctor", "--ladder", "--run", dir); code != exitFailed || !strings.Contains(stderr, "ladder 3: there is none, or no longer") {
		t.Errorf("somebody else's: code %d, %s", code, stderr)
	}
	b.ladder.Running = true
	if code, _, stderr := limpid("doctor", "--ladder", "--run", dir); code != exitFailed || !strings.Contains(stderr, "one is being made") {
		t.Errorf("a second one: code %d, %s", code, stderr)
	}
}

func TestBadLadders(t *testing.T) {
	for _, args := range [][]string{
		{"client=me"}, {"server=example.net:80"}, {"server=192.0.2.1:0"}, {"server=192.0.2.1:70000"}, {"client=fe80::1%eth0"}, {"client=192.0.2.1:80"},
		{"--for", "500ms"}, {"--for", "2m"}, {"flow"}, {"host=192.0.2.1"},
	} {
		if code, _, stderr := limpid(append([]string{"doctor", "--ladder"}, args...)...); code != exitUsage || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: code %d, %s", args, code, stderr)
		}
	}
}
