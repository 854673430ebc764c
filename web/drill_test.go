package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

func measured() control.Drill {
	return control.Drill{
		Number: 3, Blow: control.KillProxy, Who: "10.0.0.7", Struck: time.Unix(1e9, 0), Reason: "was killed: a drill", NoticedMS: new(int64(3)),
		BypassMS: new(int64(4)), InlineMS: new(int64(310)), GapMS: new(int64(17)), Cut: 5, Captured: 1234, Bridged: 40, Carried: 2,
	}
}

func TestDrillAsksFirst(t *testing.T) {
	b := whole()
	b.status.Flows.Active = 4321
	v := owner(t, newPage(t, b))
	if got := v.get("/").text; !strings.Contains(got, `href="/drill"`) {
		t.Error("the first page does not lead there")
	}
	got := v.get("/drill")
	if got.StatusCode != http.StatusOK || !strings.Contains(got.text, "/drill/ask?blow=kill") || !strings.Contains(got.text, "No drill since") || strings.Contains(got.text, `action="/drill"`) {
		t.Errorf("got %s", got.text)
	}
	for blow, button := range map[string]string{"kill": "Kill it now", "hang": "Let it hang now"} {
		got := v.get("/drill/ask?blow=" + blow).text
		for _, want := range []string{button, `action="/drill"`, `value="` + blow + `"`, "4\u202f321 are being carried now", `href="/flows"`, "New connections go on"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is not in %s", blow, want, got)
			}
		}
	}
	if len(b.struck) != 0 {
		t.Fatalf("asking has struck: %v", b.struck)
	}
	if r := v.post("/drill", field("blow", "hang")); r.StatusCode != http.StatusSeeOther || len(b.struck) != 1 || b.struck[0].Blow != control.HangProxy || b.struck[0].Who == "" {
		t.Errorf("%s, %+v", r.Status, b.struck)
	}
	for _, path := range []string{"/drill/ask?blow=burn", "/drill/ask"} {
		if r := v.get(path); r.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
	if r := v.post("/drill", field("blow", "")); r.StatusCode != http.StatusBadRequest || len(b.struck) != 1 {
		t.Errorf("no blow: %s, %v", r.Status, b.struck)
	}
}

func TestDrillIsShown(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	running := measured()
	running.Number, running.Running, running.InlineMS = 4, true, nil
	failed := measured()
	failed.Number, failed.Problem = 2, "new connections are still bridged after 42s: see limpid status"
	b.drills = control.Drills{Refused: "another drill runs: wait until it has ended", Drills: []control.Drill{running, measured(), failed}}
	for _, path := range []string{"/drill", "/drill/parts"} {
		got := v.get(path).text
		for _, want := range []string{"data-running", "4: proxy killed", "–", "without service for 17 ms at most", "after 310 ms", "1\u202f234", "by 10.0.0.7", "New connections are still bridged after 42s"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is not in %s", path, want, got)
			}
		}
	}
	if got := v.get("/drill").text; !strings.Contains(got, `content="10; url=/drill"`) {
		t.Error("without JavaScript it stands still")
	}
	b.drills.Drills = b.drills.Drills[1:]
	if got := v.get("/drill").text; strings.Contains(got, "http-equiv") || !strings.Contains(got, "Not now. Another drill runs") || strings.Contains(got, "/drill/ask") {
		t.Errorf("when none runs: %s", got)
	}
	if got := v.get("/drill/ask?blow=kill").text; strings.Contains(got, "Kill it now") || !strings.Contains(got, "Not now. Another drill runs") {
		t.Errorf("it can be ordered: %s", got)
	}
	if r := v.post("/drill", field("blow", "kill")); r.StatusCode != http.StatusConflict || !strings.Contains(r.text, "Another drill runs") {
		t.Errorf("%s: %s", r.Status, r.text)
	}
}

func TestDrillIsForMembers(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	owner(t, p)
	b.drills.Drills = []control.Drill{measured()}
	v := &visitor{t: t, handler: p.Handler()}
	for _, path := range []string{"/drill", "/drill/parts", "/drill/ask?blow=kill", "/live/stream"} {
		if got := v.get(path); got.StatusCode != http.StatusForbidden || strings.Contains(got.text, "10.0.0.7") {
			t.Errorf("%s: %s", path, got.text)
		}
	}
	if r := v.post("/drill", field("blow", "kill")); r.StatusCode != http.StatusForbidden || len(b.struck) != 0 {
		t.Errorf("%s, %v", r.Status, b.struck)
	}
}
