package page

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"limpid/test/browser"
	"limpid/test/lab"
)

// pictures is where screenshots are kept, for people to look at.
const pictures = "../../out/page"

// screen is one of the widths that the page is made for.
type screen struct {
	name          string
	width, height int
	phone, dark   bool
}

func screens() []screen {
	return []screen{
		{"phone", 390, 844, true, false}, {"phone-dark", 390, 844, true, true},
		{"laptop", 1366, 768, false, false}, {"laptop-dark", 1366, 768, false, true},
	}
}

type person struct {
	*browser.Tab
	t   *testing.T
	ctx context.Context //nolint:containedctx // the test's
}

// person opens a browser at a client.
func (b *box) person(t *testing.T) *person {
	t.Helper()
	must(t, lab.Requirements(browser.Program))
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	dir, err := os.MkdirTemp("", "browser-")
	must(t, err)
	// A browser's last processes write into it for a moment after it has ended.
	t.Cleanup(func() {
		eventually(t, "the browser's folder to go", func() bool { return os.RemoveAll(dir) == nil })
	})
	cmd := b.C1.Command(ctx, browser.Program, browser.Arguments(dir)...)
	cmd.Env = []string{"HOME=" + dir, "PATH=/usr/bin:/bin"}
	tab, err := browser.Open(ctx, cmd, cmd.Cmd)
	must(t, err)
	t.Cleanup(func() { _ = tab.Close() })
	return &person{tab, t, ctx}
}

func (p *person) await(condition string) {
	p.t.Helper()
	must(p.t, p.Await(p.ctx, condition))
}

func (p *person) do(expression string) {
	p.t.Helper()
	must(p.t, p.Eval(p.ctx, expression, nil))
}

// says waits for the one word.
func (p *person) says(word string) {
	p.t.Helper()
	p.await(fmt.Sprintf("document.querySelector('h1')?.textContent == %q", word))
}

// press presses the button with this text.
func (p *person) press(text string) {
	p.t.Helper()
	button := fmt.Sprintf("[...document.querySelectorAll('button')].find(b => b.textContent == %q)", text)
	p.await(button)
	p.do(button + ".click()")
}

// fill types into the fields of a form.
func (p *person) fill(name, text string) {
	p.t.Helper()
	field := fmt.Sprintf("document.querySelector('input[name=%s]')", name)
	p.await(field)
	p.do(fmt.Sprintf("%s.value = %q", field, text))
}

// picture shows the page in all widths, in which nothing may stick out.
func (p *person) picture(name string) {
	p.t.Helper()
	for _, s := range screens() {
		must(p.t, p.Look(p.ctx, s.width, s.height, s.phone, s.dark))
		var wide int
		must(p.t, p.Eval(p.ctx, "document.documentElement.scrollWidth", &wide))
		if wide > s.width {
			p.t.Errorf("%s on a %s is %d pixels wide", name, s.name, wide)
		}
		must(p.t, p.Picture(p.ctx, filepath.Join(pictures, name+"-"+s.name+".png")))
	}
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
