package page

import (
	"fmt"
	"net/http"
	"testing"
)

// freeTries is how many wrong passwords nobody has to wait after.
const freeTries = 5

// tries types a password and sends it, in one go: the page puts a new form in the place
// of one in which nobody is typing. It gives the status, and what the page says; empty:
// it has let them in.
func (p *person) tries(password string) (code int, says string) {
	p.t.Helper()
	const form = "document.querySelector('form[action=\"/login\"]')"
	p.await(form)
	p.do(fmt.Sprintf("window.before = true; %[1]s.password.value = %[2]q; %[1]s.querySelector('button').click()", form, password))
	p.await("!window.before && document.querySelector('[role=alert], #counters dd')")
	must(p.t, p.Eval(p.ctx, "performance.getEntriesByType('navigation')[0].responseStatus", &code))
	must(p.t, p.Eval(p.ctx, "document.querySelector('[role=alert]')?.textContent ?? ''", &says))
	return code, says
}

// toldToWait reports whether that is what the page has answered.
func toldToWait(code int, says string) bool {
	var seconds int
	_, err := fmt.Sscanf(says, "Too many wrong passwords from your address: wait %d s and try again.", &seconds)
	return code == http.StatusTooManyRequests && err == nil && seconds > 0
}

// TestBrowserGuessesThePassword types wrong passwords until the page says to wait, and the
// right one until the wait is over.
func TestBrowserGuessesThePassword(t *testing.T) {
	b := inline(t)
	v := b.visitor(t, b.C1)
	b.awaitPage(t, v, root)
	expect(t, v, http.StatusSeeOther, "password", "password", password, "again", password)
	p := b.person(t)
	must(t, p.Go(p.ctx, root))
	// A machine that is slow to answer has let the first waits pass; each is twice as long.
	for wrong := 0; ; wrong++ {
		code, says := p.tries("not this one")
		if wrong >= freeTries && toldToWait(code, says) {
			break
		}
		if code != http.StatusForbidden || says != "That is not the password." {
			t.Fatalf("after %d wrong passwords: %d, %q", wrong, code, says)
		}
	}
	p.picture("too-many-passwords")
	for {
		code, says := p.tries(password)
		if says == "" && code == http.StatusOK {
			break
		}
		if !toldToWait(code, says) {
			t.Fatalf("the right password: %d, %q", code, says)
		}
	}
	p.says("INLINE")
}
