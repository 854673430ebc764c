package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

func (b *box) Settings(context.Context) (control.Settings, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.settings, b.err
}

func (b *box) EditSettings(_ context.Context, edit control.SettingsEdit) (control.SettingsText, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.edits = append(b.edits, edit)
	text := edit.Text
	for key, value := range edit.Set {
		if value == "" {
			return control.SettingsText{}, control.Refuse(errors.New("set " + key + ` to "": this is no value of TOML`))
		}
		text += key + " = " + value + "\n"
	}
	for key, values := range edit.Add {
		text += key + " += " + strings.Join(values, ", ") + "\n"
	}
	return control.SettingsText{Text: text}, nil
}

func (b *box) ReviewSettings(context.Context, string) (control.SettingsReview, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.review, nil
}

func (b *box) ApplySettings(_ context.Context, c control.SettingsChange) (control.SettingsApplied, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.Base == "old" {
		return control.SettingsApplied{}, control.Refuse(errors.New("the settings have been changed meanwhile"))
	}
	b.changes = append(b.changes, c)
	return b.applied, nil
}

func (b *box) ConfirmSettings(_ context.Context, token string) (control.SettingsVersion, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.early {
		return control.SettingsVersion{}, errors.New("limpid is still starting")
	}
	if b.token == "" || token != b.token {
		return control.SettingsVersion{}, control.Refuse(errors.New("this confirms another change than the one that waits"))
	}
	b.token = ""
	return control.SettingsVersion{Number: 3, Who: b.who}, nil
}

func (b *box) UndoSettings(context.Context) (control.SettingsVersion, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.undone++
	return control.SettingsVersion{Number: 3}, nil
}

func (b *box) SettingsHistory(context.Context) (control.SettingsHistory, error) {
	return control.SettingsHistory{Versions: []control.SettingsVersion{
		{Number: 2, Time: time.Unix(1, 0), Who: "10.0.0.1", Note: "<b>why", Outcome: "not confirmed"}, {Number: 1, Outcome: "found"},
	}}, nil
}

func (b *box) SettingsVersion(_ context.Context, number int) (control.SettingsVersion, error) {
	if number != 2 {
		return control.SettingsVersion{}, control.Refuse(errors.New("there is none, or no longer"))
	}
	return control.SettingsVersion{Number: 2, Outcome: "kept", Text: "[proxy]\nport = 9090\n"}, nil
}

// tunable is a box with two keys.
func tunable() *box {
	b := whole()
	b.settings = control.Settings{
		Text: "# mine\n[proxy]\nport = 8080\n", Digest: "now",
		Keys: []control.SettingsKey{
			{Key: "bridge.link_propagation", Help: "Take the link down.\nOn both.", Default: "false", Value: "false"},
			{Key: "proxy.port", Help: "Where connections arrive.", Default: "8080", Value: "9191"},
		},
	}
	return b
}

func TestStrangersSeeNoSettings(t *testing.T) {
	b := tunable()
	b.hash = "set"
	v := &visitor{t: t, handler: newPage(t, b).Handler()}
	for _, path := range []string{"/settings", "/settings?as=toml", "/settings/history", "/settings/history/2", "/settings/backup"} {
		if got := v.get(path); got.StatusCode != http.StatusForbidden || strings.Contains(got.text, "8080") || strings.Contains(got.text, "9090") {
			t.Errorf("%s: %s", path, got.Status)
		}
	}
	for _, path := range []string{"/settings/review", "/settings/apply", "/settings/undo"} {
		if got := v.post(path, field("text", "x", "as", "toml")); got.StatusCode != http.StatusForbidden || len(b.changes) > 0 || b.undone > 0 {
			t.Errorf("%s: %s", path, got.Status)
		}
	}
}

func TestSettingsForm(t *testing.T) {
	b := tunable()
	v := owner(t, newPage(t, b))
	got := v.get("/settings")
	for _, want := range []string{
		`<h2>bridge</h2>`, `<h2>proxy</h2>`, `name="base" value="now"`, `<option selected>false</option>`, `name="key:proxy.port" value="9191"`,
		"by default 8080", "Take the link down.\nOn both.",
	} {
		if !strings.Contains(got.text, want) {
			t.Errorf("the page has no %s:\n%s", want, got.text)
		}
	}
	if got := v.get("/settings?as=toml"); !strings.Contains(got.text, "# mine\n[proxy]\nport = 8080\n</textarea>") {
		t.Errorf("as text: %s", got.text)
	}
	// Only what was changed is set.
	b.review = control.SettingsReview{Changes: []control.SettingsDiff{{Key: "proxy.port", Old: "9191", New: "7"}}, Restart: true}
	got = v.post("/settings/review", field("base", "now", "key:proxy.port", "7", "key:bridge.link_propagation", "false"))
	if e := b.edits[0]; len(e.Set) != 1 || e.Set["proxy.port"] != "7" || e.Text != b.settings.Text {
		t.Errorf("edited %+v", e)
	}
	for _, want := range []string{"<code>proxy.port</code>: <del>9191</del> → <ins>7</ins>", "starts anew", "proxy.port = 7\n</textarea>", `name="base" value="now"`, ">Apply<", `plus">&#43; proxy.port = 7`} {
		if !strings.Contains(got.text, want) {
			t.Errorf("the review has no %s:\n%s", want, got.text)
		}
	}
	// What was typed is not lost by a mistake in it, which stands where it was typed, in a section that is open.
	got = v.post("/settings/review", field("base", "now", "key:proxy.port", "", "key:bridge.link_propagation", "true"))
	if strings.Count(got.text, `class="mistake"`) != 1 || !strings.Contains(got.text, `<p class="mistake" id="proxy.port:mistake">Set proxy.port to`) ||
		!strings.Contains(got.text, ` aria-invalid="true" aria-describedby="proxy.port:mistake"`) || strings.Count(got.text, `<details class="card" open>`) != 2 {
		t.Errorf("where the mistake stands: %s", got.text)
	}
	if got.StatusCode != http.StatusBadRequest || !strings.Contains(got.text, "no value of TOML") || !strings.Contains(got.text, `name="key:proxy.port" value=""`) || !strings.Contains(got.text, "<option selected>true</option>") {
		t.Errorf("a mistake: %s", got.text)
	}
	b.review = control.SettingsReview{Problems: []control.SettingsProblem{
		{Line: 9, Key: "proxy.port[0].client", Text: "is a loop"}, {Line: 9, Key: "proxy.port", Text: "is odd"}, {Line: 9, Key: "proxy.portal", Text: "is unknown"}, {Line: 2, Text: "is no TOML"},
	}}
	got = v.post("/settings/review", field("base", "what was", "key:proxy.port", "7"))
	for _, want := range []string{
		"Nothing is changed: proxy.port[0].client: is a loop; proxy.port: is odd; proxy.portal: is unknown; line 2: is no TOML.",
		`<p class="mistake" id="proxy.port:mistake">proxy.port[0].client: is a loop. proxy.port: is odd.</p>`,
		`name="base" value="what was"`, // or what others have changed meanwhile would be undone by it
	} {
		if got.StatusCode != http.StatusBadRequest || !strings.Contains(got.text, want) || strings.Count(got.text, `<details class="card" open>`) != 1 {
			t.Errorf("no %q in %s", want, got.text)
		}
	}
	b.review = control.SettingsReview{Problems: []control.SettingsProblem{{Line: 3, Key: "proxy.port", Text: "must be 1 to 65535"}, {Text: "is no TOML"}}}
	got = v.post("/settings/review", field("base", "now", "as", "toml", "text", "[proxy]\r\nport = 0\r\n"))
	if got.StatusCode != http.StatusBadRequest || !strings.Contains(got.text, "line 3: proxy.port: must be 1 to 65535; is no TOML.") || !strings.Contains(got.text, "[proxy]\nport = 0\n</textarea>") {
		t.Errorf("a mistake in the text: %s", got.text)
	}
	if len(b.changes) != 0 {
		t.Errorf("applied %+v", b.changes)
	}
}

func TestApply(t *testing.T) {
	b := tunable()
	v := owner(t, newPage(t, b))
	b.applied = control.SettingsApplied{Version: 2}
	if got := v.post("/settings/apply", field("text", "a\r\nb\r\n", "base", "now", "note", "why")); got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/settings/history" {
		t.Errorf("%s", got.text)
	}
	if c := b.changes[0]; c.Text != "a\nb\n" || c.Base != "now" || c.Note != "why" || c.Who != "192.0.2.1" {
		t.Errorf("applied %+v", c)
	}
	if got := v.post("/settings/apply", field("text", "a", "base", "old")); got.StatusCode != http.StatusConflict || !strings.Contains(got.text, "changed meanwhile") {
		t.Errorf("an old base: %s", got.Status)
	}
	b.applied = control.SettingsApplied{Version: 2, Restart: true}
	if got := v.post("/settings/apply", field("text", "a")); got.StatusCode != http.StatusOK || !strings.Contains(got.text, "starts anew") || strings.Contains(got.text, "/settings/confirm") {
		t.Errorf("%s", got.text)
	}
	b.applied = control.SettingsApplied{Trial: &control.SettingsTrial{Left: 89}, Token: "TOKEN", Restart: true}
	got := v.post("/settings/apply", field("text", "a"))
	if !strings.Contains(got.text, `name="token" value="TOKEN"`) || !strings.Contains(got.text, `data-left="89"`) {
		t.Errorf("%s", got.text)
	}
	for value, there := range map[string]string{
		`"192.0.2.9/24"`: "https://192.0.2.9/settings/confirm?token=TOKEN", `"2001:db8::9/64"`: "https://[2001:db8::9]/settings/confirm?token=TOKEN",
		`"dhcp"`: "", `"none"`: "", `"192.0.2.1/16"`: "",
	} {
		b.review.Changes = []control.SettingsDiff{{Key: "management.address", Old: `"192.0.2.1/24"`, New: value}}
		got := v.post("/settings/apply", field("text", "a"))
		if path := "<code>/settings/confirm?token=TOKEN</code>"; strings.Contains(got.text, path) != (value == `"dhcp"`) {
			t.Errorf("%s: %s", value, got.text)
		}
		if there == "" && strings.Contains(got.text, "data-there") || there != "" && !strings.Contains(got.text, `href="`+there+`"`) {
			t.Errorf("%s: %s", value, got.text)
		}
	}
}

// Who has the token may confirm, also when limpid has forgotten who had logged in.
func TestConfirm(t *testing.T) {
	b := tunable()
	p := newPage(t, b)
	owner(t, p)
	v := &visitor{t: t, handler: p.Handler(), from: "192.0.2.77:1"}
	if got := v.get("/settings/confirm?token=TOKEN"); got.StatusCode != http.StatusOK || !strings.Contains(got.text, "Nothing waits") {
		t.Errorf("%s", got.text)
	}
	b.status.Trial = &control.Trial{Who: "10.0.0.1", Left: 50}
	p.watcher.stale()
	got := v.get("/settings/confirm?token=%22%3E<script>")
	if !strings.Contains(got.text, `value="&#34;&gt;&lt;script&gt;"`) || strings.Contains(got.text, "secret") {
		t.Errorf("%s", got.text)
	}
	b.token, b.who, b.early = "TOKEN", "10.0.0.1", true
	// Not yet in effect: whoever presses the button again is no guesser, and has not lost the change.
	for range 2 * freeTries {
		if got := v.post("/settings/confirm", field("token", "TOKEN")); got.StatusCode != http.StatusServiceUnavailable || !strings.Contains(got.text, "still starting") {
			t.Fatalf("at once: %s", got.Status)
		}
	}
	b.early = false
	if got := v.post("/settings/confirm", field("token", "x")); got.StatusCode != http.StatusConflict || v.cookie != nil {
		t.Errorf("another token: %s", got.Status)
	}
	if got := v.post("/settings/confirm", field("token", "TOKEN")); got.StatusCode != http.StatusSeeOther {
		t.Errorf("%s", got.text)
	}
	if got := v.get("/settings/history"); got.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %s", got.Status)
	}
	// Guessing is slowed down.
	guesser := &visitor{t: t, handler: p.Handler(), from: "192.0.2.78:1"}
	var codes []int
	for range freeTries + 1 {
		codes = append(codes, guesser.post("/settings/confirm", field("token", "guess")).StatusCode)
	}
	if !slices.Contains(codes, http.StatusTooManyRequests) {
		t.Errorf("guesses: %v", codes)
	}
}

func TestHistory(t *testing.T) {
	b := tunable()
	v := owner(t, newPage(t, b))
	b.settings.Trial = &control.SettingsTrial{Who: "10.0.0.1", Left: 50}
	got := v.get("/settings/history")
	for _, want := range []string{"/settings/history/2", "not confirmed", "&lt;b&gt;why", "A change waits to be confirmed", `data-left="50"`} {
		if !strings.Contains(got.text, want) {
			t.Errorf("no %s in %s", want, got.text)
		}
	}
	if got := v.post("/settings/undo", nil); got.StatusCode != http.StatusSeeOther || b.undone != 1 {
		t.Errorf("undo: %s", got.Status)
	}
	got = v.get("/settings/history/2")
	for _, want := range []string{`minus">- # mine`, `plus">&#43; port = 9090`, "port = 9090\n</textarea>", `name="base" value="now"`} {
		if !strings.Contains(got.text, want) {
			t.Errorf("no %s in %s", want, got.text)
		}
	}
	for path, code := range map[string]int{"/settings/history/9": http.StatusNotFound, "/settings/history/x": http.StatusBadRequest} {
		if got := v.get(path); got.StatusCode != code {
			t.Errorf("%s: %s", path, got.Status)
		}
	}
	got = v.get("/settings/backup")
	if !strings.HasSuffix(got.text, b.settings.Text) || !strings.Contains(got.Header.Get("Content-Disposition"), ".toml") {
		t.Errorf("backup: %s", got.text)
	}
}
