package page

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// faint finds text that stands out from its ground too little (WCAG 2.2, 1.4.3: 4.5 to 1, 3 to 1 where it is large).
const faint = `(() => {
  const read = c => { const m = c.match(/[\d.]+/g).map(Number); return { r: m[0], g: m[1], b: m[2], a: m[3] ?? 1 }; };
  const over = (t, g) => ({ r: t.r * t.a + g.r * (1 - t.a), g: t.g * t.a + g.g * (1 - t.a), b: t.b * t.a + g.b * (1 - t.a), a: 1 });
  const ground = e => {
    const layers = [];
    for (; e; e = e.parentElement) {
      const c = read(getComputedStyle(e).backgroundColor);
      layers.push(c);
      if (c.a == 1) break;
    }
    return layers.reduceRight((below, c) => over(c, below), { r: 255, g: 255, b: 255, a: 1 });
  };
  const light = c => {
    const [r, g, b] = [c.r, c.g, c.b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; n = walker.nextNode();) {
    const e = n.parentElement, style = getComputedStyle(e);
    if (!n.data.trim() || !e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || e.closest("[disabled], svg")) continue;
    const g = ground(e), t = over(read(style.color), g);
    const [high, low] = [light(t), light(g)].sort((a, b) => b - a), ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    if (ratio < (large ? 3 : 4.5)) found.push(ratio.toFixed(2) + " to 1: " + n.data.trim().slice(0, 40));
  }
  return found;
})()`

// usable are what a keyboard must reach. Of radio buttons in a group it reaches one.
const usable = `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
  .filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && e.type != "radio")`

// TestBrowserIsForEverybody looks at each page as it is for who uses a keyboard, hears it, or sees little: in light and in
// dark, as the owner and before anybody has logged in.
func TestBrowserIsForEverybody(t *testing.T) {
	b := inline(t)
	v := b.visitor(t, b.C1)
	b.awaitPage(t, v, root)
	p := b.person(t)
	must(t, p.Go(p.ctx, root))
	p.says("INLINE")
	p.isForEverybody("a stranger's page")
	p.fill("password", password)
	p.fill("again", password)
	p.press("Set password")
	p.await("document.querySelectorAll('#counters dd').length > 0")
	expect(t, v, http.StatusSeeOther, "login", "password", password)
	for _, path := range []string{"", "log", "flows", "doctor", "doctor/ladder", "capture", "settings", "settings?as=toml", "settings/history", "settings/reset", "access", "api", "drill", "drill/ask", "update", "start", "start/password", "start/address", "start/time", "start/use"} {
		must(t, p.Go(p.ctx, root+path))
		p.await("document.readyState == 'complete' && document.querySelector('main')")
		p.isForEverybody("/" + path)
	}
}

func (p *person) isForEverybody(what string) {
	p.t.Helper()
	for _, dark := range []bool{false, true} {
		must(p.t, p.Look(p.ctx, 1280, 900, false, dark))
		var found []string
		must(p.t, p.Eval(p.ctx, faint, &found))
		for _, text := range found {
			p.t.Errorf("%s, dark %v: hard to read, %s", what, dark, text)
		}
	}
	nameless, err := p.Nameless(p.ctx)
	must(p.t, err)
	if len(nameless) > 0 {
		p.t.Errorf("%s: without a name: %v", what, nameless)
	}
	p.goesByKeys(what)
}

// goesByKeys goes through the page with the Tab key alone: it reaches all that can be used, and shows where it is.
func (p *person) goesByKeys(what string) {
	p.t.Helper()
	p.do("window.usable = " + usable + ", window.reached = new Set(), document.activeElement.blur(), true")
	var count int
	must(p.t, p.Eval(p.ctx, "usable.length", &count))
	for range count + 5 {
		must(p.t, p.Tabs(p.ctx))
		var shown string
		must(p.t, p.Eval(p.ctx, `(() => {
  const e = document.activeElement;
  if (e == document.body) return "";
  reached.add(e);
  const s = getComputedStyle(e);
  return s.outlineStyle == "none" && s.boxShadow == "none" ? e.outerHTML.slice(0, 80) : "";
})()`, &shown))
		if shown != "" {
			p.t.Errorf("%s: nobody sees that the keyboard is at %s", what, shown)
		}
	}
	var missed []string
	must(p.t, p.Eval(p.ctx, "usable.filter(e => e.isConnected && !reached.has(e)).map(e => e.outerHTML.slice(0, 80))", &missed))
	if missed = slices.Compact(missed); len(missed) > 0 {
		p.t.Errorf("%s: the keyboard does not reach %s", what, fmt.Sprintf("%q", missed))
	}
}
