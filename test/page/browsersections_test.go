package page

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	toml "limpid/appliance/config" // config is the lab's own
	"limpid/appliance/control"
)

// grown is a file as people have it: some keys are there, others are not, and notes
// stand wherever TOML lets them.
const grown = `# The box in the cellar.

[bridge] # the wire
# The cables are labelled.
ports = ["eth0", "eth1"] # clients, servers

[proxy]
non_http = "tunnel" # because of the old printer

[management]
address = "10.77.0.50/16" # everybody knows it

[watchdog]
# This machine may stand still for longer than boxes do.
interval = "1s"
timeout = "30s"

[log]
# Nobody collects them yet.
# This is the end.
`

// setting is what a key is changed to in the form.
type setting struct {
	value string // as TOML has it, and as limpid writes it
	// only says why it is reviewed and not applied, or with no value not even that.
	only string
}

// settings are all of them. A key that is not here fails the test.
func settings(b *box) map[string]setting {
	return map[string]setting{
		"bridge.name":             {value: `"br7"`},
		"bridge.ports":            {value: `["eth1", "eth0"]`}, // the lab has no others
		"bridge.vlans":            {`[7, 8]`, "kernels of labs need not have VLAN devices; test/wirevm has one that does"},
		"bridge.link_propagation": {value: `true`},

		"management.address":   {value: `"10.77.0.50/17"`},
		"management.gateway":   {value: `"10.77.0.101"`},
		"management.dns":       {value: `["192.0.2.53", "2001:db8::53"]`},
		"management.timezone":  {value: `"Asia/Tokyo"`},
		"management.ntp":       {value: `["time.example", "192.0.2.123"]`},
		"management.interface": {`"eth2"`, "the page would be gone with the address, and nobody could confirm it there"},
		"management.vlan":      {`7`, "the page would be in a VLAN in which there is nobody, and nobody could confirm it there"},

		"intercept.ports":           {value: `[80, 8081]`},
		"intercept.mode":            {value: `"inbound"`},
		"intercept.capture":         {value: `"redirect"`},
		"intercept.handshake":       {value: `"accept"`},
		"intercept.ipv6":            {value: `false`},
		"intercept.max_connections": {value: `1000`},
		"intercept.bypass":          {value: `[{client = "192.0.2.0/24", server = "198.51.100.7/32"}, {server = "2001:db8::/32"}]`},

		"proxy.port":         {value: `18080`},
		"proxy.client_port":  {value: `"any"`},
		"proxy.non_http":     {value: `"reset"`},
		"proxy.via":          {"", "this version takes false alone: true is the section's bad value"},
		"proxy.head_limit":   {value: `"32KiB"`},
		"proxy.line_limit":   {value: `"8KiB"`},
		"proxy.fields_limit": {value: `100`},
		"proxy.head_timeout": {value: `"30s"`},
		"proxy.body_timeout": {value: `"1h30m"`},
		"proxy.idle_timeout": {value: `"0s"`},

		"cache.enabled": {value: `false`},
		"cache.ram":     {value: `"128MiB"`},
		"cache.disk":    {value: `"1GiB"`},
		"cache.path":    {value: `"/data/other"`},

		"rules.block": {value: `["ads.example", "*.tracker.example/path*"]`},

		"watchdog.interval": {value: `"500ms"`},
		"watchdog.timeout":  {value: `"20s"`},
		"watchdog.hardware": {value: `""`},

		"web.listen": {value: `[":443", ":80", ":8443"]`},

		"log.path":   {value: fmt.Sprintf("%q", filepath.Join(filepath.Dir(b.limpid.Config), "kept"))},
		"log.keep":   {value: `"32MiB"`},
		"log.format": {value: `"squid"`},
		"log.fsync":  {value: `"never"`},
		"log.syslog": {value: `"udp://192.0.2.5:514"`},

		"console.shell": {value: `false`},
	}
}

// mistake is what cannot be, and what is said of it.
type mistake struct{ key, value, says string }

// mistakes are one for each section. A section that is not here fails the test.
func mistakes() map[string]mistake {
	return map[string]mistake{
		"bridge":     {"bridge.ports", `["eth0", "eth0"]`, `bridge.ports[1]: "eth0" is named twice; name two different interfaces.`},
		"management": {"management.address", `10.77.0.50/17`, `put text in double quotes`},
		"intercept":  {"intercept.bypass", `[{client = "10.0.0.1/8"}]`, `intercept.bypass[0].client: "10.0.0.1/8" has host bits set; write "10.0.0.0/8".`},
		"proxy":      {"proxy.via", `true`, `proxy.via: heads are forwarded as they were received, so no Via can be added; write false.`},
		"cache":      {"cache.path", `"cache"`, `cache.path: "cache" is not an absolute path; begin it with /.`},
		"rules":      {"rules.block", `["*"]`, `would block every host`},
		"watchdog":   {"watchdog.timeout", `"1500ms"`, `watchdog.timeout: "1.5s" is less than twice the interval "1s"; use at least "2s".`},
		"web":        {"web.listen", `["box.example:443"]`, `has a name for a host; write an IP address`},
		"log":        {"log.keep", `"1KiB"`, `log.keep: "1KiB" is too little; use at least "1MiB", or "0" for none on disk.`},
		"console":    {"console.shell", `"no"`, `console.shell: `},
	}
}

// TestBrowserSettingsSections changes every key of every section in the form, and reads it
// back in the form, in the file and over the API. What was not changed stays as it was,
// notes in the file too. A value that cannot be is named where it was typed, and changes
// nothing.
func TestBrowserSettingsSections(t *testing.T) {
	b := inlineWith(t, grown)
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.personFor(t, b.C1, 6*patience)
	p.enter()
	v := b.visitor(t, b.C1)
	expect(t, v, http.StatusSeeOther, "login", "password", password)
	api := b.program(t, token(t, v, "sections", "full"))

	var sections []string
	keys := make(map[string][]string) // by section
	for _, k := range toml.Keys() {
		if !slices.Contains(sections, k.Section()) {
			sections = append(sections, k.Section())
		}
		keys[k.Section()] = append(keys[k.Section()], k.Path)
	}
	wanted := settings(b)
	accounted(t, toml.Keys(), wanted)
	must(t, p.Go(p.ctx, root+"settings"))
	p.await("document.querySelector('details.card')")
	var inForm, headings []string
	must(t, p.Eval(p.ctx, "[...document.querySelectorAll('form [name^=\"key:\"]')].map(e => e.name.slice(4))", &inForm))
	must(t, p.Eval(p.ctx, "[...document.querySelectorAll('details.card h2')].map(e => e.textContent)", &headings))
	if want := slices.Concat(slices.Collect(func(yield func([]string) bool) {
		for _, s := range sections {
			if !yield(keys[s]) {
				return
			}
		}
	})...); !slices.Equal(inForm, want) || !slices.Equal(headings, sections) {
		t.Fatalf("the form has %q in %q; want %q in %q", inForm, headings, want, sections)
	}

	holds := valuesOf(t, grown)
	for _, s := range sections {
		t.Run(s, func(t *testing.T) {
			p.t, api.t = t, t
			bad, ok := mistakes()[s]
			if !ok || !slices.Contains(keys[s], bad.key) {
				t.Fatalf("no bad value is known for section %s", s)
			}
			p.mistakes(b, bad)
			reviewed, applied := make(map[string]string), make(map[string]string)
			for _, key := range keys[s] {
				w := wanted[key]
				if w.value == holds[key] {
					t.Errorf("%s is %s already", key, w.value)
				}
				if w.value != "" {
					reviewed[key] = w.value
				}
				if w.only == "" {
					applied[key] = w.value
				}
			}
			if !maps.Equal(reviewed, applied) {
				before := b.file(t)
				p.reviews(holds, reviewed)
				if b.file(t) != before {
					t.Error("a review has changed the file")
				}
			}
			p.reviews(holds, applied)
			p.applies(b)
			maps.Copy(holds, applied)
			b.readBack(t, p, api, holds)
		})
	}
}

// accounted holds the table of values to the keys there are.
func accounted(t *testing.T, keys []toml.Key, wanted map[string]setting) {
	t.Helper()
	for _, k := range keys {
		if w, ok := wanted[k.Path]; !ok || w.value == "" && w.only == "" {
			t.Errorf("nothing changes %s, and nothing says why", k.Path)
		}
	}
	for path := range wanted {
		if !slices.ContainsFunc(keys, func(k toml.Key) bool { return k.Path == path }) {
			t.Errorf("%s is changed, and is no key", path)
		}
	}
}

// types puts a value into a field of the form. A field with a choice is given one that it
// does not offer, if it has to be.
func (p *person) types(key, value string) {
	p.t.Helper()
	p.do(fmt.Sprintf(`(e => {
		if (e.options && ![...e.options].some(o => o.value == %[2]q)) e.add(new Option(%[2]q));
		e.value = %[2]q;
	})(document.getElementById(%[1]q))`, key, value))
}

// mistakes types what cannot be: it is said so where it was typed, for ears and eyes,
// and the file stays.
func (p *person) mistakes(b *box, bad mistake) {
	p.t.Helper()
	before := b.file(p.t)
	must(p.t, p.Go(p.ctx, root+"settings"))
	p.await(fmt.Sprintf("document.getElementById(%q)", bad.key))
	p.types(bad.key, bad.value)
	p.press("Review")
	p.await("document.querySelector('[role=alert]')")
	var got struct {
		Alert, Said, Named string
		Open, Here         bool
		Wrong              int
		Value              string
	}
	must(p.t, p.Eval(p.ctx, fmt.Sprintf(`(e => ({
		Alert: document.querySelector('[role=alert]').textContent,
		Said: document.getElementById(e.getAttribute('aria-describedby'))?.textContent ?? '',
		Open: e.closest('details').open, Here: document.activeElement == e,
		Wrong: document.querySelectorAll('[aria-invalid]').length, Value: e.value,
	}))(document.getElementById(%q))`, bad.key), &got))
	if !strings.HasPrefix(got.Alert, "Nothing is changed: ") || !strings.Contains(got.Said, bad.says) || !strings.HasSuffix(got.Said, ".") ||
		!got.Open || !got.Here || got.Wrong != 1 {
		p.t.Errorf("%s = %s: %+v; want %q there", bad.key, bad.value, got, bad.says)
	}
	var choice bool
	must(p.t, p.Eval(p.ctx, fmt.Sprintf("document.getElementById(%q).tagName == 'SELECT'", bad.key), &choice))
	if !choice && got.Value != bad.value {
		p.t.Errorf("%s: what was typed is %q", bad.key, got.Value)
	}
	if b.file(p.t) != before {
		p.t.Errorf("%s = %s has changed the file", bad.key, bad.value)
	}
	if bad.key == "intercept.bypass" {
		p.picture("settings-mistake-at-its-key")
	}
}

// reviews types values into the form; the review names these changes and no others.
func (p *person) reviews(holds, values map[string]string) {
	p.t.Helper()
	must(p.t, p.Go(p.ctx, root+"settings"))
	p.await("document.querySelector('details.card')")
	var want []string
	for _, k := range toml.Keys() {
		if value, ok := values[k.Path]; ok {
			p.types(k.Path, value)
			want = append(want, fmt.Sprintf("%s: %s → %s", k.Path, holds[k.Path], value))
		}
	}
	p.press("Review")
	p.await("document.querySelector('h1')?.textContent == 'Review'")
	var got []string
	must(p.t, p.Eval(p.ctx, "[...document.querySelectorAll('.effects li')].map(e => e.textContent)", &got))
	if !slices.Equal(got, want) {
		p.t.Fatalf("the review says %q, want %q", got, want)
	}
}

// applies puts into effect what is reviewed, confirms it if it is tried, and is logged in
// again afterwards if limpid or its page have started anew.
func (p *person) applies(b *box) {
	p.t.Helper()
	var tried, anew bool
	must(p.t, p.Eval(p.ctx, "[...document.querySelectorAll('button')].some(b => b.textContent == 'Try it')", &tried))
	must(p.t, p.Eval(p.ctx, "document.querySelector('main').textContent.includes('limpid starts anew')", &anew))
	switch {
	case tried:
		// All that is tried here has the page start anew.
		b.anew(p.t, func() {
			p.press("Try it")
			p.await("document.querySelector('#applied [data-left]')")
		})
		p.press("Confirm: keep it")
	case anew:
		p.thenAgain(b, func() {
			p.press("Apply")
			p.await("document.querySelector('h1')?.textContent == 'Kept'")
		})
		must(p.t, p.Go(p.ctx, root+"settings/history"))
	default:
		p.press("Apply")
	}
	p.await("location.pathname == '/settings/history' && document.querySelector('tbody td a')")
	must(p.t, b.limpid.WaitMode("inline", patience))
}

// readBack holds all three to the values that should hold: the form, the file with its
// notes, and the API.
func (b *box) readBack(t *testing.T, p *person, api *program, holds map[string]string) {
	t.Helper()
	must(t, p.Go(p.ctx, root+"settings"))
	p.await("document.querySelector('details.card') && !document.querySelector('.trial')")
	inForm := make(map[string]string)
	must(t, p.Eval(p.ctx, "Object.fromEntries([...document.querySelectorAll('form [name^=\"key:\"]')].map(e => [e.name.slice(4), e.value]))", &inForm))
	same(t, "the form", inForm, holds)

	text := b.file(t)
	same(t, "the file", valuesOf(t, text), holds)
	if got := notes(text); !slices.Equal(got, notes(grown)) {
		t.Errorf("the notes in the file are %q, want %q", got, notes(grown))
	}

	var s control.Settings
	must(t, json.Unmarshal([]byte(api.expect("200", "/v1/settings")), &s))
	overAPI := make(map[string]string)
	for _, k := range s.Keys {
		overAPI[k.Key] = k.Value
	}
	same(t, "the API", overAPI, holds)
	if s.Text != text || s.Trial != nil {
		t.Errorf("the API says %q and %+v; the file is %q", s.Text, s.Trial, text)
	}
}

func same(t *testing.T, where string, got, want map[string]string) {
	t.Helper()
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s has %s = %s, want %s", where, key, got[key], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s has %d keys, want %d", where, len(got), len(want))
	}
}

// valuesOf are the values of all keys, as a file gives them.
func valuesOf(t *testing.T, text string) map[string]string {
	t.Helper()
	c, err := toml.Parse("limpid.toml", []byte(text))
	must(t, err)
	values, err := c.Values()
	must(t, err)
	return values
}

// notes are the comments of a file in which no value has a #.
func notes(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if _, note, ok := strings.Cut(strings.TrimSpace(line), "#"); ok {
			all = append(all, note)
		}
	}
	return all
}
