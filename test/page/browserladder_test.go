package page

import (
	"fmt"
	"strings"
	"testing"
)

// TestBrowserLadder follows a connection on the page, and one that was left on the bridge.
func TestBrowserLadder(t *testing.T) {
	b := inline(t)
	_, err := b.S2.HTTPOrigin(":80")
	must(t, err)
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.person(t)
	p.enter()
	must(t, p.Go(p.ctx, root+"doctor"))
	p.await("document.querySelector('a[href=\"/doctor/ladder\"]')")
	p.do("document.querySelector('a[href=\"/doctor/ladder\"]').click()")
	p.await("document.title == 'limpid: ladder' && document.querySelector('#ladder').hidden")
	// A mistake is said, and what was typed stays.
	p.fill("client", "my phone")
	p.press("Wait for it")
	p.await("document.querySelector('[role=alert]')?.textContent.includes('192.0.2.1') && document.querySelector('input[name=client]').value == 'my phone'")
	p.fill("client", "10.77.0.12")
	p.do("document.querySelector('select[name=for]').value = '60s'")
	p.press("Wait for it")
	p.await("document.querySelector('#ladder h2')?.textContent == 'Waiting for a connection'")
	p.do("window.same = true")
	p.picture("ladder-waiting")
	port := b.exchange(t)
	p.await(fmt.Sprintf("window.same && document.querySelector('#ladder h2')?.textContent == 'Captured: 10.77.0.12:%d to 10.80.0.2:80'", port))
	for _, condition := range []string{
		"document.querySelector('.rungs li').className == 'client-box' && document.querySelector('.rungs .label').textContent == 'SYN'",
		"[...document.querySelectorAll('.rungs .box-server .label')].some(l => l.textContent.startsWith('GET /bytes/20000, '))",
		"[...document.querySelectorAll('.rungs .box-client .label')].some(l => l.textContent.startsWith('HTTP/1.1 200 OK, '))",
		"[...document.querySelectorAll('.rungs .server-box .label')].some(l => l.textContent.includes('FIN'))",
		"document.querySelector('.found').textContent.includes('nothing is the box\\'s') && !document.querySelector('.found .verdict.bad')",
		"!document.querySelector('#ladder').textContent.includes('Host:')",
	} {
		p.await(condition)
	}
	p.do("document.querySelector('.rungs summary').click()")
	p.await("document.querySelector('.rungs li details').open && document.querySelector('.rungs li dl').textContent.includes('Loop into the box')")
	p.picture("ladder")
	must(t, p.Look(p.ctx, narrow, 740, true, false))
	p.now().Fits(narrow, "the page on a narrow phone")
	// What is bridged goes from end to end; without JavaScript it is shown all the same.
	_, err = b.limpid.Run(t.Context(), "bypass", "on")
	must(t, err)
	must(t, b.limpid.WaitMode("bypass", patience))
	must(t, p.Script(p.ctx, false))
	must(t, p.Go(p.ctx, root+"doctor/ladder"))
	v := b.visitor(t, b.C1)
	expect(t, v, 303, "login", "password", password)
	expect(t, v, 303, "doctor/ladder", "for", "60s")
	b.exchange(t)
	eventually(t, "the ladder is there", func() bool {
		return strings.Contains(b.awaitPage(t, v, root+"doctor/ladder"), "Not captured: 10.77.0.12:")
	})
	must(t, p.Go(p.ctx, root+"doctor/ladder"))
	p.await("document.querySelector('.rungs .client-server') && document.querySelector('.found').textContent.includes('ordered by the operator')")
	p.picture("ladder-bridged")
}
