package person

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"limpid/test/browser"
	"limpid/test/lab"
)

// Person is somebody in front of a browser with one tab.
type Person struct {
	*browser.Tab
	// T is the test that fails; a subtest may be put in its place.
	T testing.TB
	// Ctx bounds all that is done.
	Ctx context.Context //nolint:containedctx // the test's
}

// leaving is how long the browser's last processes may take to leave its folder.
const leaving = time.Minute

// At opens a browser at a node, for at most so long; it is closed with the test.
func At(t testing.TB, node *lab.Node, stay time.Duration) *Person {
	t.Helper()
	must(t, lab.Requirements(browser.Program))
	ctx, cancel := context.WithTimeout(t.Context(), stay)
	t.Cleanup(cancel)
	dir, err := os.MkdirTemp("", "browser-")
	must(t, err)
	// A browser's last processes write into it for a moment after it has ended.
	t.Cleanup(func() {
		for deadline := time.Now().Add(leaving); os.RemoveAll(dir) != nil; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s is still written to", dir)
			}
		}
	})
	cmd := node.Command(ctx, browser.Program, browser.Arguments(dir)...)
	cmd.Env = []string{"HOME=" + dir, "PATH=/usr/bin:/bin"}
	tab, err := browser.Open(ctx, cmd, cmd.Cmd)
	must(t, err)
	t.Cleanup(func() { _ = tab.Close() })
	return &Person{tab, t, ctx}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Opens goes to a place, as soon as somebody answers there.
func (p *Person) Opens(place string) {
	p.T.Helper()
	for {
		err := p.Go(p.Ctx, place)
		if err == nil {
			return
		}
		select {
		case <-p.Ctx.Done():
			p.T.Fatal(err)
		case <-time.After(time.Second):
		}
	}
}

// Awaits waits for a condition to hold in the page, whichever page that is.
func (p *Person) Awaits(condition string) {
	p.T.Helper()
	must(p.T, p.Await(p.Ctx, condition))
}

// Does has an expression evaluated in the page, once all of that is there.
func (p *Person) Does(expression string) {
	p.T.Helper()
	p.Awaits("true")
	must(p.T, p.Eval(p.Ctx, expression, nil))
}

// Presses presses the button with this text, as soon as there is one.
func (p *Person) Presses(text string) {
	p.T.Helper()
	button := fmt.Sprintf("[...document.querySelectorAll('button')].find(b => b.textContent == %q)", text)
	p.Awaits(button)
	p.Does(button + ".click()")
}

// Fills types into the field of this name, as soon as there is one.
func (p *Person) Fills(name, text string) {
	p.T.Helper()
	field := fmt.Sprintf("document.querySelector('input[name=%s]')", name)
	p.Awaits(field)
	p.Does(fmt.Sprintf("%s.value = %q", field, text))
}

// Chooses chooses a file in the field of this name.
func (p *Person) Chooses(name, file string) {
	p.T.Helper()
	field := fmt.Sprintf("document.querySelector('input[name=%s]')", name)
	p.Awaits(field)
	must(p.T, p.Choose(p.Ctx, field, file))
}

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

// Fits holds what is seen to a width in pixels; what names it.
func (p *Person) Fits(width int, what string) {
	p.T.Helper()
	var wide int
	must(p.T, p.Eval(p.Ctx, "document.documentElement.scrollWidth", &wide))
	if wide > width {
		p.T.Errorf("%s is %d pixels wide, of %d", what, wide, width)
	}
}

// Pictures keeps what is seen in a folder, in all widths, in which nothing may stick out.
func (p *Person) Pictures(dir, name string) {
	p.T.Helper()
	for _, s := range screens() {
		must(p.T, p.Look(p.Ctx, s.width, s.height, s.phone, s.dark))
		p.Fits(s.width, name+" on a "+s.name)
		must(p.T, p.Picture(p.Ctx, filepath.Join(dir, name+"-"+s.name+".png")))
	}
}
