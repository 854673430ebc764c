package page

import (
	"net/http"
	"slices"
	"strconv"
	"testing"
)

// tried is where the page answers too while the change is tried that these tests make.
const tried = "https://" + address + ":8443/"

// history is what the page tells of the settings of before, the newest first: number,
// who, outcome and why of each.
func (p *person) history() [][]string {
	p.t.Helper()
	must(p.t, p.Go(p.ctx, root+"settings/history"))
	p.await("location.pathname == '/settings/history' && document.querySelector('tbody')")
	var rows [][]string
	must(p.t, p.Eval(p.ctx, "[...document.querySelectorAll('tbody tr')].map(r => [0, 2, 3, 4].map(i => r.cells[i]?.textContent ?? ''))", &rows))
	return rows
}

func equalRows(a, b [][]string) bool { return slices.EqualFunc(a, b, slices.Equal) }

// begins tries a change, sees the time run that there is to confirm it, and goes to the
// state, where it runs too.
func (p *person) begins(b *box, before string) {
	p.t.Helper()
	p.change("web.listen", `[":443", ":80", ":8443"]`)
	p.thenAgain(b, func() {
		p.press("Try it")
		const left = "parseInt(document.querySelector('#applied [data-left]')?.textContent)"
		p.await(left + " > 0")
		p.do("window.first = " + left)
		p.await(left + " < window.first")
	})
	p.await("parseInt(document.querySelector('#trial [data-left]')?.textContent) >= 0")
	b.awaitPage(p.t, b.visitor(p.t, b.C1), tried)
	if got := b.file(p.t); got != before {
		p.t.Errorf("while it waits the file is %q", got)
	}
}

// hasOld holds the page, the file and what is in effect to the settings of before, and at
// last the history to what became of the changes since.
func (p *person) hasOld(b *box, before string, outcomes ...string) {
	p.t.Helper()
	must(p.t, p.Go(p.ctx, root+"settings"))
	p.await("document.getElementById('web.listen') && !document.querySelector('.trial')")
	var listen string
	must(p.t, p.Eval(p.ctx, "document.getElementById('web.listen').value", &listen))
	if old := valuesOf(p.t, before)["web.listen"]; listen != old {
		p.t.Errorf("the form has web.listen = %s, want %s", listen, old)
	}
	if got := b.file(p.t); got != before {
		p.t.Errorf("the file is %q", got)
	}
	eventually(p.t, "the port that was tried is closed", func() bool {
		_, err := b.visitor(p.t, b.C1).get(p.t.Context(), tried)
		return err != nil
	})
	var want [][]string
	for i, outcome := range outcomes {
		want = append([][]string{{strconv.Itoa(i + 1), b.C1.IP4().String(), outcome, ""}}, want...)
	}
	if got := p.history(); !equalRows(got, want) {
		p.t.Errorf("the history says %q, want %q", got, want)
	}
}

// TestBrowserTrialEnds begins a change that nobody confirms, until its time is over, and
// another one in whose time limpid is killed: the page tells of both what became of them.
func TestBrowserTrialEnds(t *testing.T) {
	b := inline(t)
	before := b.file(t)
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.personFor(t, b.C1, 5*patience)
	p.enter()
	t.Run("not confirmed", func(t *testing.T) {
		p.t = t
		p.begins(b, before)
		p.do("window.same = true")
		// 90 s; whoever looks at the state sees it go.
		p.await("window.same && !document.querySelector('#trial [data-left]') && document.querySelector('#counters dd')")
		p.hasOld(b, before, "not confirmed")
		p.picture("history-not-confirmed")
	})
	t.Run("killed", func(t *testing.T) {
		p.t = t
		p.begins(b, before)
		b.startAgain(t)
		must(t, b.limpid.WaitMode("inline", patience))
		b.awaitPage(t, b.visitor(t, b.C1), root)
		must(t, p.Go(p.ctx, root))
		if code, says := p.tries(password); code != http.StatusOK || says != "" {
			t.Fatalf("login: %d, %q", code, says)
		}
		p.hasOld(b, before, "not confirmed", "restarted")
	})
}
