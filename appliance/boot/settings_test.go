package boot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if want == "" && errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil || string(got) != want {
		t.Errorf("%s: %q, %v; want %q", filepath.Base(path), got, err, want)
	}
}

func TestKeepGood(t *testing.T) {
	for name, c := range map[string]struct {
		now, ran, good, want string
	}{
		"the first":                  {"a", "a", "", "a"},
		"another":                    {"b", "b", "a", "b"},
		"the same":                   {"a", "a", "a", "a"},
		"changed since, not yet run": {"broken", "b", "a", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			path, good := filepath.Join(t.TempDir(), "settings"), filepath.Join(t.TempDir(), "good")
			write(t, path, c.now)
			if c.good != "" {
				write(t, good, c.good)
			}
			if err := keepGood(path, []byte(c.ran), good); err != nil {
				t.Error(err)
			}
			holds(t, good, c.want)
			if err := keepGood(good, []byte(c.good), good); err != nil {
				t.Error(err)
			}
			holds(t, good, c.want)
		})
	}
	good := filepath.Join(t.TempDir(), "good")
	write(t, good, "a")
	if err := keepGood(filepath.Join(t.TempDir(), "gone"), []byte("b"), good); err == nil {
		t.Error("settings that are gone were kept")
	}
	holds(t, good, "a")
}

// Each file is taken over once: also when several stay where they are, and when one
// comes back that was there before another.
func TestTake(t *testing.T) {
	dir := t.TempDir()
	settings, taken := filepath.Join(dir, "settings"), filepath.Join(dir, "taken")
	text := func(name string) []byte { return []byte("# " + name + "\n[bridge]\nports = [\"eth0\", \"eth1\"]\n") }
	stick, other := brought{"/dev/sdb1", text("stick")}, brought{"/dev/sdc1", text("other")}
	esp, bad := brought{"limpid-esp", text("esp")}, brought{"/dev/sdb1", []byte("[bridge\n")}
	write(t, settings, "mine")
	runs := "mine"
	for i, step := range []struct {
		there []brought
		from  string
		runs  string
		wrong bool
	}{
		{nil, "", "mine", false},
		{[]brought{bad}, "", "mine", true},
		{[]brought{bad}, "", "mine", true},
		{[]brought{stick}, "/dev/sdb1", string(stick.text), false},
		{[]brought{stick}, "", "", false},
		{nil, "", "", false},
		{[]brought{stick}, "", "", false},
		{[]brought{stick, esp}, "limpid-esp", string(esp.text), false},
		{[]brought{stick, esp}, "", "", false},
		{[]brought{bad, esp}, "", "", true},
		{[]brought{other, stick, esp}, "/dev/sdc1", string(other.text), false},
		{[]brought{other, stick, esp}, "", "", false},
		{[]brought{other}, "", "", false},
		{[]brought{bad, stick}, "", "", true},
	} {
		if step.runs != "" {
			runs = step.runs
		}
		from, err := take(step.there, settings, taken)
		if from != step.from || (err != nil) != step.wrong {
			t.Errorf("step %d: taken from %q, %v", i, from, err)
		}
		holds(t, settings, runs)
	}
	// Two that come at once: the first is taken, and the second not after it.
	for range 3 {
		if _, err := take([]brought{{"a", text("1")}, {"b", text("2")}}, settings, taken); err != nil {
			t.Error(err)
		}
		holds(t, settings, string(text("1")))
	}
	// Replaced by another stick, the first is new again.
	for _, name := range []string{"2", "3", "2"} {
		if _, err := take([]brought{{"a", text(name)}}, settings, taken); err != nil {
			t.Error(err)
		}
	}
	holds(t, settings, string(text("2")))
}
