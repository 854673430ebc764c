package main

import (
	"encoding/json"
	"strings"
	"testing"

	"limpid/appliance/control"
)

func TestDrillIsPrinted(t *testing.T) {
	b := &backend{outcome: control.Drill{
		Number: 1, Blow: control.KillProxy, Reason: "its process was killed: a drill", NoticedMS: new(int64(3)), BypassMS: new(int64(4)),
		InlineMS: new(int64(250)), GapMS: new(int64(17)), Cut: 5, Captured: 6, Carried: 2, Bridged: 40,
	}}
	dir := answerOn(t, b)
	if code, _, stderr := limpid("drill", "--last", "--run", dir); code != exitFailed || !strings.Contains(stderr, "no drill since") {
		t.Errorf("before the first: %d, %s", code, stderr)
	}
	code, stdout, stderr := limpid("drill", "--run", dir)
	words := strings.Join(strings.Fields(stdout), " ")
	for _, want := range []string{
		"proxy killed at 2001-09-0", "noticed 3 ms after the blow: its process was killed: a drill", "bypass 4 ms", "inline 250 ms", "gap 17 ms at most",
		"cut 5 connections", "captured 6 new connections meanwhile, 2 of them carried by the gate", "bridged 40 new",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	if code != exitDone || stderr != "" {
		t.Errorf("code %d, %s", code, stderr)
	}
	var d control.Drill
	code, stdout, _ = limpid("drill", "--last", "--json", "--run", dir)
	if err := json.Unmarshal([]byte(stdout), &d); err != nil || code != exitDone || d.Cut != 5 || *d.GapMS != 17 {
		t.Errorf("code %d, %+v, %v", code, d, err)
	}
	if code, _, stderr := limpid("drill", "--run", dir); code != exitFailed || !strings.Contains(stderr, "another drill runs") {
		t.Errorf("a second one: %d, %s", code, stderr)
	}
}

func TestDrillThatFails(t *testing.T) {
	b := &backend{outcome: control.Drill{Number: 1, Problem: "new connections are still bridged after 42s: see limpid status"}}
	code, stdout, stderr := limpid("drill", "--blow", "hang", "--run", answerOn(t, b))
	if code != exitFailed || !strings.Contains(stdout, "never") || !strings.Contains(stderr, "drill 1: new connections are still bridged") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("code %d, %s\n%s", code, stdout, stderr)
	}
}
