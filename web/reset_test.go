package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"limpid/appliance/control"
)

func (b *box) Reset(_ context.Context, request control.ResetRequest) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.resets = append(b.resets, request)
	return b.refusal
}

func TestFactoryReset(t *testing.T) {
	b := tunable()
	p := newPage(t, b)
	v := owner(t, p)
	b.set(func(b *box) { b.tokens = []control.Token{{ID: "1"}, {ID: "2"}} })
	p.watcher.stale()
	got := v.get("/settings/reset").text
	for _, want := range []string{"What goes", "What stays", "What the wire does meanwhile", "your session", "all 2 tokens", "fingerprint", "of the file only the bridge's name and ports stay", "Reset it now"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	if got := v.get("/settings").text; !strings.Contains(got, `href="/settings/reset"`) {
		t.Error("the settings do not lead there")
	}
	for _, wrong := range []string{"", "a guess", strings.Repeat("x", maxPassword+1)} {
		if got := v.post("/settings/reset", field("old", wrong)); got.StatusCode != http.StatusForbidden || len(b.resets) != 0 || !strings.Contains(got.text, "That is not the password") {
			t.Errorf("%q: %s, %v", wrong, got.Status, b.resets)
		}
	}
	b.set(func(b *box) { b.refusal = control.Refuse(errors.New("factory reset: the disk refuses writes")) })
	if got := v.post("/settings/reset", field("old", secret)); got.StatusCode != http.StatusConflict || !strings.Contains(got.text, "the disk refuses writes") || !strings.Contains(got.text, "What goes") {
		t.Errorf("refused: %s %s", got.Status, got.text)
	}
	b.set(func(b *box) { b.refusal, b.resets, b.status.Box = nil, nil, &control.Box{} })
	p.watcher.stale()
	if got := v.get("/settings/reset").text; !strings.Contains(got, "The firmware in both slots") || strings.Contains(got, "of the file") {
		t.Errorf("on a box: %s", got)
	}
	done := v.post("/settings/reset", field("old", secret))
	if done.StatusCode != http.StatusOK || len(b.resets) != 1 || b.resets[0].Confirm != control.ResetConfirm || b.resets[0].Who != "192.0.2.1" || b.resets[0].Password != "" {
		t.Errorf("%s: %+v", done.Status, b.resets)
	}
	for _, want := range []string{"another certificate", "on the box's console", "whoever opens the page first sets the password"} {
		if !strings.Contains(done.text, want) {
			t.Errorf("%q is not in %s", want, done.text)
		}
	}
	if !strings.Contains(done.Header.Get("Set-Cookie"), "Max-Age=0") || strings.Contains(done.text, "Log out") {
		t.Errorf("the session goes on: %v", done.Header)
	}
}

// A token of full scope is not enough: it would make its holder the next owner.
func TestFactoryResetOverTheAPI(t *testing.T) {
	b := tunable()
	p := newPage(t, b)
	owner(t, p)
	b.set(func(b *box) {
		b.tokens = []control.Token{{ID: "f", Name: "robot", Scope: control.ScopeFull, Digest: digestOf(fullToken)}}
	})
	p.watcher.stale()
	v := &visitor{t: t, handler: p.Handler()}
	call := func(body string) answer {
		return v.call(t.Context(), http.MethodPost, "/api/v1/reset", body, []string{"Authorization", "Bearer " + fullToken})
	}
	for body, want := range map[string]struct {
		code int
		text string
	}{
		``:                              {400, "EOF"},
		`{}`:                            {400, "give \\\"confirm\\\""},
		`{"password":"` + secret + `"}`: {400, "give \\\"confirm\\\""},
		`{"confirm":"factory reset"}`:   {403, "the owner's"},
		`{"confirm":"factory reset","password":"a guess"}`:           {403, "That is not the password"},
		`{"confirm":"factory reset","password":"` + secret + `"} {}`: {400, "something follows"},
	} {
		if got := call(body); got.StatusCode != want.code || !strings.Contains(got.text, want.text) {
			t.Errorf("%s: %s %s", body, got.Status, got.text)
		}
	}
	if len(b.resets) != 0 {
		t.Errorf("passed on: %v", b.resets)
	}
	if got := call(`{"confirm":"factory reset","password":"` + secret + `","who":"somebody else"}`); got.StatusCode != http.StatusOK {
		t.Errorf("%s %s", got.Status, got.text)
	}
	if len(b.resets) != 1 || b.resets[0] != (control.ResetRequest{Confirm: control.ResetConfirm, Who: "token robot, 192.0.2.1"}) {
		t.Errorf("passed on: %+v", b.resets)
	}
}
