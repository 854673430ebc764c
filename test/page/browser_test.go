package page

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"limpid/test/lab"
	at "limpid/test/person"
)

// pictures is where screenshots are kept, for people to look at.
const pictures = "../../out/page"

// person is somebody at a client. t is the test that fails: subtests put themselves there.
type person struct {
	*at.Person
	t   *testing.T
	ctx context.Context //nolint:containedctx // the test's
}

// person opens a browser at a client.
func (b *box) person(t *testing.T) *person {
	t.Helper()
	return b.personFor(t, b.C1, 2*patience)
}

// personFor is one at another place, or who stays for longer.
func (b *box) personFor(t *testing.T, from *lab.Node, stay time.Duration) *person {
	t.Helper()
	p := at.At(t, from, stay)
	return &person{p, t, p.Ctx}
}

// now is the person in the test that runs now.
func (p *person) now() *at.Person {
	p.T = p.t
	return p.Person
}

func (p *person) await(condition string) {
	p.t.Helper()
	p.now().Awaits(condition)
}

func (p *person) do(expression string) {
	p.t.Helper()
	p.now().Does(expression)
}

// says waits for the one word.
func (p *person) says(word string) {
	p.t.Helper()
	p.await(fmt.Sprintf("document.querySelector('h1')?.textContent == %q", word))
}

// press presses the button with this text.
func (p *person) press(text string) {
	p.t.Helper()
	p.now().Presses(text)
}

// fill types into the fields of a form.
func (p *person) fill(name, text string) {
	p.t.Helper()
	p.now().Fills(name, text)
}

// picture shows the page in all widths, in which nothing may stick out.
func (p *person) picture(name string) {
	p.t.Helper()
	p.now().Pictures(pictures, name)
}

// TestBrowser goes the owner's way in Chromium, and keeps pictures of it.
func TestBrowser(t *testing.T) {
	b := inline(t)
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.person(t)
	must(t, p.Go(p.ctx, "http://"+address+"/"))
	p.says("INLINE")
	p.await("location.protocol == 'https:'")
	p.picture("first-run")
	p.fill("password", password)
	p.fill("again", password)
	p.press("Set password")
	p.await("document.querySelectorAll('#counters dd').length > 0")
	p.says("INLINE")
	p.picture("inline")
	p.press("10 minutes")
	p.says("BYPASS")
	p.await("/^(10:00|9:\\d\\d)$/.test(document.querySelector('[data-left]').textContent)")
	must(t, b.limpid.WaitMode("bypass", patience))
	p.picture("bypass")
	// What others do is seen without loading the page anew.
	p.do("window.same = true")
	_, err := b.limpid.Run(t.Context(), "bypass", "off")
	must(t, err)
	p.says("INLINE")
	p.await("window.same && document.title == 'limpid: INLINE'")
	p.await("[...document.querySelectorAll('button')].some(b => b.textContent == 'until I say')")
	pid, err := b.limpid.ChildPID(t.Context(), "web")
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	// The session has ended with the process, and the page says so by itself.
	p.await("window.same && document.querySelector('input[name=password]')")
	p.fill("password", "not this one")
	p.press("Log in")
	p.await("document.querySelector('[role=alert]')")
	p.picture("wrong-password")
	withoutScript(t, b, p)
}

// withoutScript logs in and switches with JavaScript off.
func withoutScript(t *testing.T, b *box, p *person) {
	t.Helper()
	must(t, p.Script(p.ctx, false))
	must(t, p.Go(p.ctx, root))
	p.fill("password", password)
	p.press("Log in")
	p.press("until I say")
	p.says("BYPASS")
	must(t, b.limpid.WaitMode("bypass", patience))
	p.press("End bypass: capture again")
	must(t, b.limpid.WaitMode("inline", patience))
}
