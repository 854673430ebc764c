package page

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"limpid/appliance/control"
)

// handwritten is a file that a form could spoil: it begins with an empty line, has a tab,
// spaces at an end, letters that are not ASCII, what looks like HTML, and no last newline.
const handwritten = config + "[rules]\n\tblock = [\"ads.example\"] # größer nicht: <b>&amp;</b>  \n\n# the end"

// TestBrowserRestoresABackup takes the settings along as a file, changes them, and has that
// file bring them back: every byte of it.
func TestBrowserRestoresABackup(t *testing.T) {
	b := inlineWith(t, handwritten)
	v := b.visitor(t, b.C1)
	b.awaitPage(t, v, root)
	p := b.personFor(t, b.C1, 3*patience)
	p.enter()
	backup := p.takesBackup()

	p.change("rules.block", `[]`)
	p.press("Apply")
	p.await("location.pathname == '/settings/history' && document.querySelector('tbody td a')")
	if got := valuesOf(t, b.file(t))["rules.block"]; got != `[]` {
		t.Fatalf("rules.block is %s", got)
	}

	must(t, p.Go(p.ctx, root+"settings?as=toml"))
	p.await("document.querySelector('label.file:not([hidden]) input[type=file]')")
	must(t, p.Choose(p.ctx, "document.querySelector('label.file input')", backup))
	p.await("document.querySelector('textarea').value.includes('ads.example')")
	p.press("Review")
	p.await("document.querySelector('.effects')")
	var changes []string
	must(t, p.Eval(p.ctx, "[...document.querySelectorAll('.effects li')].map(e => e.textContent)", &changes))
	if want := []string{`rules.block: [] → ["ads.example"]`}; !slices.Equal(changes, want) {
		t.Errorf("the review says %q, want %q", changes, want)
	}
	p.fill("note", "from the backup")
	p.press("Apply")
	p.await("location.pathname == '/settings/history' && document.querySelector('tbody').textContent.includes('from the backup')")

	if got := b.file(t); got != handwritten {
		t.Errorf("the file is %q, want %q", got, handwritten)
	}
	expect(t, v, http.StatusSeeOther, "login", "password", password)
	var s control.Settings
	must(t, json.Unmarshal([]byte(b.program(t, token(t, v, "backup", "read")).expect("200", "/v1/settings")), &s))
	if s.Text != handwritten {
		t.Errorf("the API says %q, want %q", s.Text, handwritten)
	}
	me := b.C1.IP4().String()
	if got, want := p.history(), [][]string{{"3", me, "kept", "from the backup"}, {"2", me, "kept", ""}, {"1", "", "found", ""}}; !equalRows(got, want) {
		t.Errorf("the history says %q, want %q", got, want)
	}
	for version, same := range map[string]bool{"1": true, "2": false, "3": true} {
		must(t, p.Go(p.ctx, root+"settings/history/"+version))
		p.await("document.querySelector('h1')?.textContent.startsWith('Version " + version + ": ')")
		var got bool
		must(t, p.Eval(p.ctx, "document.querySelector('main').textContent.includes('No line differs.')", &got))
		if got != same {
			t.Errorf("version %s is what holds: %v, want %v", version, got, same)
		}
	}
}

// takesBackup downloads the backup that the page offers, and gives its file.
func (p *person) takesBackup() string {
	p.t.Helper()
	dir := p.t.TempDir()
	must(p.t, p.Downloads(p.ctx, dir))
	must(p.t, p.Go(p.ctx, root+"settings"))
	p.follow("Backup")
	var files []string
	eventually(p.t, "the backup is downloaded", func() bool {
		files, _ = filepath.Glob(filepath.Join(dir, "limpid-*.toml")) // the pattern is a good one
		return len(files) == 1
	})
	text, err := os.ReadFile(files[0])
	must(p.t, err)
	if string(text) != handwritten {
		p.t.Fatalf("the backup is %q, want %q", text, handwritten)
	}
	return files[0]
}
