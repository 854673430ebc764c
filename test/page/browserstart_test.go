package page

import (
	"fmt"
	"strings"
	"testing"
)

// newAddress is where the box is put in the third step.
const newAddress = "10.77.0.51"

// fits wants nothing to stick out on the narrowest screen.
func (p *person) fits(what string) {
	p.t.Helper()
	must(p.t, p.Look(p.ctx, narrow, 740, true, false))
	var wide int
	must(p.t, p.Eval(p.ctx, "document.documentElement.scrollWidth", &wide))
	if wide > narrow {
		p.t.Errorf("%s on a screen of %d pixels is %d wide", what, narrow, wide)
	}
}

// at waits for a step.
func (p *person) at(path string) {
	p.t.Helper()
	p.await(fmt.Sprintf("location.pathname == %q && document.querySelector('.steps [aria-current=step]')?.getAttribute('href') == %q", path, path))
}

// bodySays waits for a text on the page.
func (p *person) bodySays(text string) {
	p.t.Helper()
	p.await(fmt.Sprintf("document.body.textContent.includes(%q)", text))
}

// TestBrowserFirstRun goes the first steps with a cable that is plugged in late: the wire
// is proved, the password set, the address changed and confirmed where the box is then, the
// zone kept, and what it is for chosen; then some of it again without JavaScript.
func TestBrowserFirstRun(t *testing.T) {
	b := inline(t)
	origin, err := b.S1.HTTPOrigin(":80")
	must(t, err)
	t.Cleanup(func() { _ = origin.Close() })
	b.awaitPage(t, b.visitor(t, b.C1), root)
	must(t, b.Node("wansw").SetDown("box"))
	p := b.person(t)
	must(t, p.Go(p.ctx, root))
	p.await("document.querySelector('.offer')")
	p.picture("start-offered")
	p.follow("First steps")
	p.at("/start")
	p.await("document.querySelector('#proof .word').textContent == 'The wire does not pass traffic yet'")
	p.bodySays("The servers’ side has no link. Plug in the cable that leads to your router.")
	p.picture("start-no-cable")
	p.fits("the proof")
	// The cable is plugged in, and somebody behind it says something: the page says so by itself.
	p.do("window.same = true")
	must(t, b.Node("wansw").SetUp("box"))
	must(t, b.limpid.WaitMode("inline", patience))
	b.fetch(t, b.C2, "/bytes/1000")
	p.await("window.same && document.querySelector('#proof .word').textContent == 'The wire passes traffic'")
	p.await("[...document.querySelectorAll('.sides dd')].filter(e => e.textContent == 'frames seen: yes').length == 2")
	p.picture("start-proof")
	// A stranger is told no numbers.
	p.await("!document.body.textContent.includes('came in') && !document.body.textContent.includes('eth0') && !document.querySelector('#proof a')")

	p.follow("Go on")
	p.at("/start/password")
	p.picture("start-password")
	p.fill("password", "short")
	p.fill("again", "short")
	p.do("document.querySelector('form[action=\"/start/password\"]').noValidate = true")
	p.press("Set password")
	p.await("document.querySelector('[role=alert]')?.textContent.includes('at least 8')")
	p.at("/start/password")
	p.fill("password", password)
	p.fill("again", password)
	p.press("Set password")
	p.at("/start/address")

	p.follow("Wire")
	p.at("/start")
	const heard = "Number(document.querySelector('.sides dd:last-of-type small').textContent.split(' came')[0].replace(/\\D/g, ''))"
	p.do("window.before = " + heard)
	p.await("window.before > 0 && document.querySelector('#proof a[href=\"/log\"]').textContent == '1'")
	b.fetch(t, b.C2, "/bytes/1000")
	p.await(heard + " > window.before && document.querySelector('#proof a[href=\"/log\"]').textContent == '2'")
	p.picture("start-proof-owner")
	p.fits("the proof, to the owner")

	before := b.file(t)
	p.follow("State")
	p.await("document.querySelector('.offer form')")
	p.picture("start-offered-owner")
	p.fits("the offer")
	p.follow("First steps")
	p.follow("Address")
	p.at("/start/address")
	p.await("document.querySelector('input[name=address]').value == '10.77.0.50/16' && document.querySelector('input[value=fixed]').checked")
	p.bodySays("10.77.0.50/16, without a router")
	p.picture("start-address")
	p.fits("the address")
	p.fill("address", newAddress)
	p.press("Review")
	p.await("document.querySelector('[role=alert]')?.textContent.includes('has no prefix length')")
	p.await("document.querySelector('input[name=address]').value == '" + newAddress + "'")
	p.fill("address", newAddress+"/16")
	p.press("Review")
	p.press("Try it")
	p.await("document.querySelector('#applied')?.dataset.there")
	if got := b.file(t); got != before {
		t.Errorf("before it is confirmed the file is %q", got)
	}
	var there string
	must(t, p.Eval(p.ctx, "document.querySelector('#applied').dataset.there", &there))
	b.awaitPage(t, b.visitor(t, b.C1), "https://"+newAddress+"/")
	must(t, p.Go(p.ctx, there))
	p.press("Confirm: keep it")
	p.await("location.host == '" + newAddress + "'")
	p.at("/start/time")
	if got := b.file(t); !strings.Contains(got, newAddress+"/16") {
		t.Errorf("the file is %q", got)
	}

	p.bodySays("host that limpid is a guest on")
	p.await("!document.querySelector('form[action=\"/start/clock\"]') && document.querySelectorAll('#zones option').length > 300")
	p.fill("zone", "Asia/Tokio")
	p.press("Keep the zone")
	p.await("document.querySelector('[role=alert]')?.textContent.includes('no time zone known here')")
	p.picture("start-time-mistake")
	p.fill("zone", "Asia/Tokyo")
	p.press("Keep the zone")
	p.await("/ JST$/.test(document.querySelector('main b').textContent) && document.querySelector('footer').textContent.includes('times in Asia/Tokyo')")
	p.picture("start-time")
	p.fits("the time")
	// The button for the zone of this device.
	p.await("document.getElementById('mine').textContent.startsWith('Take this device’s: ')")
	p.follow("Go on")
	p.at("/start/use")
	p.picture("start-use")
	p.fits("the use")
	p.press("Observe only")
	p.says("INLINE")
	p.await("location.pathname == '/' && !document.querySelector('.offer') && / JST$/.test(document.querySelector('.since').textContent)")
	p.picture("start-done")
	if got := b.file(t); !strings.Contains(got, `timezone = "Asia/Tokyo"`) || !strings.Contains(got, "enabled = false") {
		t.Errorf("the file is %q", got)
	}
	firstRunWithoutScript(t, b, p)
}

// firstRunWithoutScript goes the steps again with JavaScript off.
func firstRunWithoutScript(t *testing.T, b *box, p *person) {
	t.Helper()
	must(t, p.Script(p.ctx, false))
	must(t, p.Go(p.ctx, "https://"+newAddress+"/start"))
	p.await("document.querySelector('#proof .word').textContent == 'The wire passes traffic'")
	for _, path := range []string{"/start/password", "/start/address"} {
		p.follow("Go on")
		p.at(path)
	}
	// What is so already needs no trial.
	p.press("Review")
	p.at("/start/time")
	p.await("document.getElementById('mine').hidden")
	p.picture("start-time-without-script")
	p.fill("zone", "America/New_York")
	p.press("Keep the zone")
	p.await("/ E[SD]T$/.test(document.querySelector('main b').textContent)")
	p.follow("Go on")
	p.at("/start/use")
	p.press("Cache")
	p.says("INLINE")
	if got := b.file(t); !strings.Contains(got, `timezone = "America/New_York"`) || !strings.Contains(got, "enabled = true") {
		t.Errorf("the file is %q", got)
	}
}
