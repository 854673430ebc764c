package page

import (
	"encoding/json"
	"fmt"
	"testing"

	"limpid/appliance/control"
)

// narrow is the least width that the page is made for.
const narrow = 360

// TestBrowserDoctor has a cable come loose, reads what the doctor says of it, and asks
// about a connection.
func TestBrowserDoctor(t *testing.T) {
	b := inline(t)
	_, err := b.S2.HTTPOrigin(":80")
	must(t, err)
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.person(t)
	p.enter()
	p.await("document.querySelector('nav a[href=\"/doctor\"]')")
	p.do("document.querySelector('nav a[href=\"/doctor\"]').click()")
	p.await("document.title == 'limpid: doctor' && document.querySelectorAll('.check').length > 20")
	p.await("document.querySelector('#bridge .verdict').textContent == 'well' && !document.querySelector('#bridge details').open")
	// Page and command line tell the same checks.
	out, _ := b.limpid.Run(t.Context(), "doctor", "--json") // it fails when a check does
	var checkup control.Checkup
	must(t, json.Unmarshal(out, &checkup))
	for _, c := range checkup.Checks {
		p.await(fmt.Sprintf("document.getElementById(%q)?.textContent.includes(%q)", c.Name, c.Title))
	}
	p.picture("doctor")

	must(t, b.Node("wansw").SetDown("box"))
	eventually(t, "the page names the cable", func() bool {
		must(t, p.Go(p.ctx, root+"doctor"))
		var says bool
		// The page may not be there as a whole yet.
		must(t, p.Eval(p.ctx, "document.querySelector('#links .verdict')?.textContent == 'fails' && document.querySelector('#links details').open", &says))
		return says
	})
	p.await("document.querySelector('#links').textContent.includes('Look at the cable')")
	p.picture("doctor-cable")
	must(t, b.Node("wansw").SetUp("box"))

	// A mistake is said, and what was typed stays.
	p.do("document.querySelector('input[name=client]').removeAttribute('required')")
	p.fill("client", "my phone")
	p.fill("server", "10.80.0.2")
	p.press("Ask")
	p.await("document.querySelector('[role=alert]')?.textContent.includes('my phone') && document.querySelector('input[name=server]').value == '10.80.0.2'")
	p.fill("client", "10.77.0.11")
	p.fill("port", "8080")
	p.press("Ask")
	p.await("document.querySelector('.answer')?.textContent.includes('port 8080 is not among those intercepted (80)')")
	p.fill("port", "80")
	p.press("Ask")
	p.await("document.querySelector('.answer')?.textContent.includes('10.77.0.11 to 10.80.0.2:80 is captured')")
	p.picture("doctor-flow")
	must(t, p.Look(p.ctx, narrow, 740, true, false))
	p.now().Fits(narrow, "the page on a narrow phone")
	// A browser without JavaScript is shown the same.
	must(t, p.Script(p.ctx, false))
	must(t, p.Go(p.ctx, root+"doctor?client=10.77.0.11&server=10.80.0.2&port=80"))
	p.await("document.querySelector('.answer')?.textContent.includes('is captured') && document.querySelectorAll('.check').length > 20")
}
