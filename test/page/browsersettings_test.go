package page

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
)

// change types a value into the form of the settings and has it reviewed.
func (p *person) change(key, value string) {
	p.t.Helper()
	must(p.t, p.Go(p.ctx, root+"settings"))
	field := fmt.Sprintf("document.getElementById(%q)", key)
	p.await(field)
	p.do(fmt.Sprintf("%s.value = %q", field, value))
	p.press("Review")
	p.await("document.querySelector('h1')?.textContent == 'Review'")
}

// thenAgain does what has the page start anew, and goes on at the one that follows: who
// had logged in has there too.
func (p *person) thenAgain(b *box, do func()) {
	p.t.Helper()
	b.anew(p.t, do)
	b.awaitPage(p.t, b.visitor(p.t, b.C1), root)
	must(p.t, p.Go(p.ctx, root))
	p.await("document.querySelectorAll('#counters dd').length > 0")
}

// file is the box's limpid.toml.
func (b *box) file(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(b.limpid.Config)
	must(t, err)
	return string(text)
}

// TestBrowserChangesSettings goes through all that may become of a change.
func TestBrowserChangesSettings(t *testing.T) {
	b := inline(t)
	before := b.file(t)
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.person(t)
	p.enter()
	t.Run("at once", func(t *testing.T) {
		p.t = t
		p.change("proxy.non_http", `"reset"`)
		p.picture("review")
		p.press("Apply")
		p.await("location.pathname == '/settings/history' && document.querySelector('tbody td a')")
		if got := b.file(t); !strings.Contains(got, `non_http = "reset"`) || !strings.Contains(got, strings.TrimSpace(before)) {
			t.Errorf("the file is %q", got)
		}
		p.picture("history")
	})
	t.Run("a mistake", func(t *testing.T) {
		p.t = t
		must(t, p.Go(p.ctx, root+"settings"))
		p.await("document.getElementById('proxy.port')")
		p.do("document.getElementById('proxy.port').value = '70000'")
		p.press("Review")
		p.await("document.querySelector('[role=alert]')?.textContent.includes('proxy.port')")
		p.await("document.getElementById('proxy.port').value == '70000'")
		p.picture("settings-mistake")
	})
	after := b.file(t)
	t.Run("confirmed after a new start", func(t *testing.T) {
		p.t = t
		p.change("management.dns", `["10.77.0.53"]`)
		p.picture("review-trial")
		p.press("Try it")
		p.await("document.querySelector('#applied [data-left]')")
		p.picture("trial")
		if got := b.file(t); got != after {
			t.Errorf("before it is confirmed the file is %q", got)
		}
		// limpid starts anew meanwhile.
		p.press("Confirm: keep it")
		p.await("location.pathname == '/settings/history'")
		if got := b.file(t); !strings.Contains(got, `dns = ["10.77.0.53"]`) {
			t.Errorf("the file is %q", got)
		}
	})
	after = b.file(t)
	t.Run("undone", func(t *testing.T) {
		p.t = t
		p.change("web.listen", `[":443", ":80", ":8443"]`)
		p.thenAgain(b, func() {
			p.press("Try it")
			p.await("document.querySelector('#applied [data-left]')")
		})
		must(t, p.Go(p.ctx, root+"settings"))
		p.await("document.querySelector('.trial')")
		p.picture("trial-in-the-settings")
		p.thenAgain(b, func() {
			p.press("Undo now")
			p.await("location.pathname == '/settings/history' && document.querySelector('tbody').textContent.includes('undone')")
		})
		if got := b.file(t); got != after {
			t.Errorf("the file is %q", got)
		}
	})
	t.Run("undone after a new start", func(t *testing.T) {
		p.t = t
		p.change("bridge.name", `"wire"`)
		p.thenAgain(b, func() {
			p.press("Try it")
			p.await("document.querySelector('#applied [data-left]')")
		})
		must(t, p.Go(p.ctx, root+"settings"))
		p.thenAgain(b, func() {
			p.press("Undo now")
			p.await("location.pathname == '/settings/history' && document.querySelector('tbody').textContent.includes('undone')")
		})
		if got := b.file(t); got != after {
			t.Errorf("the file is %q", got)
		}
	})
	t.Run("followed to a new address", func(t *testing.T) {
		p.t = t
		p.change("management.address", `"10.77.0.51/16"`)
		p.press("Try it")
		p.await("document.querySelector('#applied')?.dataset.there")
		var there string
		must(t, p.Eval(p.ctx, "document.querySelector('#applied').dataset.there", &there))
		u, err := url.Parse(there)
		must(t, err)
		if u.Host != "10.77.0.51" {
			t.Fatalf("it leads to %s", there)
		}
		b.awaitPage(t, b.visitor(t, b.C1), "https://10.77.0.51/")
		must(t, p.Go(p.ctx, there))
		p.press("Confirm: keep it")
		p.await("location.host == '10.77.0.51' && location.pathname == '/settings/history'")
		if got := b.file(t); !strings.Contains(got, "10.77.0.51/16") {
			t.Errorf("the file is %q", got)
		}
	})
	t.Run("restored", func(t *testing.T) {
		p.t = t
		p.do("[...document.querySelectorAll('tbody tr')].at(-1).querySelector('a').click()")
		p.press("Review it, to restore it")
		p.await("document.querySelector('h1')?.textContent == 'Review'")
		p.picture("restore")
		p.press("Try it")
		p.await("document.querySelector('#applied')?.dataset.there")
		var there string
		must(t, p.Eval(p.ctx, "document.querySelector('#applied').dataset.there", &there))
		b.awaitPage(t, b.visitor(t, b.C1), root)
		must(t, p.Go(p.ctx, there))
		p.press("Confirm: keep it")
		p.await("location.pathname == '/settings/history'")
		if got := b.file(t); got != before {
			t.Errorf("the file is %q, want %q", got, before)
		}
	})
}

// TestChangeIsGivenUp kills limpid while a change waits, and has another one wait for too
// long: both leave the box as it was, at its old address.
func TestChangeIsGivenUp(t *testing.T) {
	b := inline(t)
	before := b.file(t)
	v := b.visitor(t, b.C1)
	b.awaitPage(t, v, root)
	_, err := v.post(t.Context(), root+"password", "password", password, "again", password)
	must(t, err)
	apply := func() {
		t.Helper()
		text := strings.Replace(before, "10.77.0.50/16", "10.77.0.51/16", 1)
		answer, err := v.post(t.Context(), root+"settings/apply", "text", text)
		must(t, err)
		if answer.code != 200 {
			t.Fatalf("%d: %s", answer.code, answer.text)
		}
		b.awaitPage(t, b.visitor(t, b.C1), "https://10.77.0.51/")
		if got := b.file(t); got != before {
			t.Errorf("while it waits the file is %q", got)
		}
	}
	t.Run("killed", func(t *testing.T) {
		apply()
		b.startAgain(t)
		must(t, b.limpid.WaitMode("inline", patience))
		b.awaitPage(t, b.visitor(t, b.C1), root)
		if got := b.file(t); got != before {
			t.Errorf("the file is %q", got)
		}
	})
	t.Run("not confirmed", func(t *testing.T) {
		answer, err := v.post(t.Context(), root+"login", "password", password)
		must(t, err)
		if answer.code != 303 {
			t.Fatalf("%d: %s", answer.code, answer.text)
		}
		apply()
		// 90 s, and a new start.
		b.awaitPage(t, b.visitor(t, b.C1), root)
		if got := b.file(t); got != before {
			t.Errorf("the file is %q", got)
		}
	})
}

// startAgain kills limpid and starts another one in its place.
func (b *box) startAgain(t *testing.T) {
	t.Helper()
	old := b.limpid
	must(t, old.Kill())
	var err error
	b.limpid, err = b.StartLimpid(t.Context(), config, "--credentials", b.credentials, "-c", old.Config, "--run", old.RunDir)
	must(t, err)
	b.limpid.Config, b.limpid.RunDir = old.Config, old.RunDir
}
