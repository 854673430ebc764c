package factory

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// disk is a box's, on which everything is that a reset knows of, and more.
type disk struct {
	t       *testing.T
	dir     string
	place   Place
	request Request
}

const (
	gone = "what people have set, learned and recorded"
	stay = "what stays"
)

// newDisk makes one; fresh is what the settings become.
func newDisk(t *testing.T, fresh string) *disk {
	t.Helper()
	d := &disk{t: t, dir: t.TempDir()}
	d.place = Place{Settings: d.path("config/limpid.toml"), LogUser: uint32(os.Getuid()), More: []string{d.path("config/limpid.good.toml"), d.path("log/box.log")}}
	d.request = Request{Who: "192.0.2.7", Settings: fresh, Ports: []string{"eth0", "eth1"}, Credentials: d.path("config"), Logs: []string{d.path("log"), d.path("none")}}
	for _, name := range d.goes() {
		d.write(name, gone)
	}
	for _, name := range d.stays() {
		d.write(name, stay)
	}
	if err := os.Symlink(d.path("slots/bootenv"), d.path("log/access.log.9")); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *disk) path(name string) string { return filepath.Join(d.dir, name) }

// goes are the files that a reset takes away, but for the settings.
func (d *disk) goes() []string {
	return []string{
		"config/limpid.toml", "config/limpid.toml.new", "config/limpid.toml.trial", "config/limpid.toml.history/000001.json", "config/limpid.toml.history/000002.json.new",
		"config/limpid.good.toml", "config/password", "config/password.new", "config/reader", "config/tokens", "config/started", "config/certificate.pem", "config/history",
		"log/access.jsonl", "log/access.jsonl.1", "log/access.log", "log/access.log.7", "log/box.log",
	}
}

func (d *disk) stays() []string {
	return []string{"config/update.pub", "config/seed", "config/taken", "log/notes.txt", "log/access.logger", "slots/bootenv"}
}

func (d *disk) write(name, text string) {
	d.t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(d.path(name)), 0o700), os.WriteFile(d.path(name), []byte(text), 0o600)); err != nil {
		d.t.Fatal(err)
	}
}

// ask asks for the reset.
func (d *disk) ask() {
	d.t.Helper()
	if err := Ask(d.place.Settings, d.request); err != nil {
		d.t.Fatal(err)
	}
}

// files are all there are, with what is in them.
func (d *disk) files() map[string]string {
	d.t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(d.dir, path)
		all[name] = string(text)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return all
}

// fresh looks whether the disk is as after a reset: nothing that goes, all that stays.
func (d *disk) fresh(when string) {
	d.t.Helper()
	want := slices.Clone(d.stays())
	if d.request.Settings != "" {
		want = append(want, "config/limpid.toml")
	}
	got := d.files()
	for _, name := range want {
		text := stay
		if name == "config/limpid.toml" {
			text = d.request.Settings
		}
		if got[name] != text {
			d.t.Errorf("%s: %s is %q", when, name, got[name])
		}
		delete(got, name)
	}
	for name := range got {
		d.t.Errorf("%s: %s is left", when, name)
	}
	if link, err := os.Lstat(d.path("log/access.log.9")); err != nil || link.Mode().Type() != fs.ModeSymlink {
		d.t.Errorf("%s: the link is %v, %v", when, link, err)
	}
}

func TestReset(t *testing.T) {
	for _, fresh := range []string{"", "[bridge]\nports = [\"a\", \"b\"]\n"} {
		d := newDisk(t, fresh)
		before := d.files()
		if r, err := Finish(t.Context(), d.place); r != nil || err != nil || len(d.files()) != len(before) {
			t.Errorf("nobody has asked: %+v, %v", r, err)
		}
		d.ask()
		if info, err := os.Stat(requestPath(d.place.Settings)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the request is %v, %v", info, err)
		}
		r, err := Finish(t.Context(), d.place)
		if err != nil || r.Who != "192.0.2.7" || !slices.Equal(r.Ports, d.request.Ports) {
			t.Errorf("%+v, %v", r, err)
		}
		d.fresh("done")
		if r, err := Finish(t.Context(), d.place); r != nil || err != nil {
			t.Errorf("it is asked for still: %+v, %v", r, err)
		}
		// What the next owner makes is no part of it.
		d.write("config/password", "of the next owner")
		if r, err := Finish(t.Context(), d.place); r != nil || err != nil || d.files()["config/password"] != "of the next owner" {
			t.Errorf("done again: %+v, %v", r, err)
		}
	}
}

// The power may go after any step: what is left is done at the next start, and the
// password is there until all else of the owner's is gone.
func TestResetIsCut(t *testing.T) {
	for _, fresh := range []string{"", "[bridge]\n"} {
		steps := len((&Request{Logs: []string{"", ""}, Credentials: "c", Settings: fresh}).steps(Place{More: []string{"", ""}}))
		for done := range steps {
			d := newDisk(t, fresh)
			d.ask()
			all := d.request.steps(d.place)
			if len(all) != steps {
				t.Fatalf("%d steps, want %d", len(all), steps)
			}
			for _, s := range all[:done] {
				if err := s.do(); err != nil {
					t.Fatal(err)
				}
			}
			if done > 0 {
				if r, err := Asked(d.place.Settings); r == nil || err != nil {
					t.Fatalf("after %d steps nobody knows of it: %v", done, err)
				}
			}
			files := d.files()
			if _, owned := files["config/password"]; !owned {
				for _, name := range []string{"config/tokens", "config/reader", "config/certificate.pem", "config/history", "log/access.jsonl", "config/limpid.toml.history/000001.json"} {
					if _, left := files[name]; left {
						t.Errorf("after %d steps the password is gone, and %s is there", done, name)
					}
				}
			}
			if _, err := Finish(t.Context(), d.place); err != nil {
				t.Fatal(err)
			}
			d.fresh(all[done].what)
		}
	}
}

// Before the request is whole on the disk nothing is asked for, and what is none is
// taken away.
func TestRequestIsCut(t *testing.T) {
	d := newDisk(t, "")
	d.write("config/limpid.toml.reset.new", `{"who": "half of`)
	before := len(d.files())
	if r, err := Finish(t.Context(), d.place); r != nil || err != nil || len(d.files()) != before {
		t.Errorf("%+v, %v", r, err)
	}
	for _, text := range []string{"", "{", `"all"`, "\x00"} {
		d.write("config/limpid.toml.reset", text)
		r, err := Finish(t.Context(), d.place)
		if r != nil || err == nil || len(d.files()) != before {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
	}
}

// A step that fails stops all behind it, and is tried again.
func TestResetFails(t *testing.T) {
	d := newDisk(t, "")
	d.ask()
	// A folder in the place of a file, with something in it.
	d.write("config/tokens.new/in the way", stay)
	r, err := Finish(t.Context(), d.place)
	if r == nil || err == nil || !strings.Contains(err.Error(), "remove tokens") || !strings.Contains(err.Error(), "tried again") {
		t.Errorf("%+v, %v", r, err)
	}
	if got := d.files(); got["config/password"] != gone || got["config/limpid.toml"] != gone {
		t.Errorf("left are %v", got)
	}
	if err := os.RemoveAll(d.path("config/tokens.new")); err != nil {
		t.Fatal(err)
	}
	if _, err := Finish(t.Context(), d.place); err != nil {
		t.Fatal(err)
	}
	d.fresh("tried again")
}

// A folder that was named by mistake loses nothing of anybody else's.
func TestLogsOfOthersStay(t *testing.T) {
	d := newDisk(t, "")
	d.place.LogUser = 64102
	if err := os.Chown(d.path("log/access.jsonl"), 64102, -1); err != nil {
		t.Fatal(err)
	}
	d.ask()
	if _, err := Finish(t.Context(), d.place); err != nil {
		t.Fatal(err)
	}
	got := d.files()
	if got["log/access.log"] != gone || got["log/access.jsonl.1"] != gone {
		t.Errorf("files of others are gone: %v", got)
	}
	if _, left := got["log/access.jsonl"]; left {
		t.Error("the log's own file is left")
	}
}

// Credentials in memory, and a log that was never written, are no folders.
func TestResetWithoutFolders(t *testing.T) {
	d := newDisk(t, "fresh")
	d.request.Credentials, d.request.Logs = d.path("nowhere"), nil
	d.place.More = nil
	d.ask()
	if _, err := Finish(t.Context(), d.place); err != nil {
		t.Fatal(err)
	}
	if got := d.files(); got["config/limpid.toml"] != "fresh" || got["config/password"] != gone {
		t.Errorf("%v", got)
	}
}
