package boot

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"limpid/appliance/factory"
)

// The console asks for a reset whatever is wrong with the settings; what they say of the
// wire and of logs is said along with it.
func TestResetAll(t *testing.T) {
	const mine = "[bridge]\nports = [\"eth2\", \"eth3\"]\n[log]\npath = \"/data/elsewhere\"\n"
	for _, c := range []struct {
		name, settings, good string
		ports, logs          []string
	}{
		{"settings", mine, "", []string{"eth2", "eth3"}, []string{"/data/log", "/data/elsewhere"}},
		{"a mistake, and good ones", "[bridge", mine, []string{"eth2", "eth3"}, []string{"/data/log", "/data/elsewhere"}},
		{"none", "", "", nil, []string{"/data/log"}},
	} {
		dir := t.TempDir()
		path, good := filepath.Join(dir, "limpid.toml"), filepath.Join(dir, "limpid.good.toml")
		for file, text := range map[string]string{path: c.settings, good: c.good} {
			if text != "" {
				write(t, file, text)
			}
		}
		if err := resetAll(path, good, time.Unix(7, 0)); err != nil {
			t.Fatal(err)
		}
		r, err := factory.Asked(path)
		if err != nil || r == nil || r.Who != "console" || r.Settings != "" || r.Credentials != configDir || !slices.Equal(r.Ports, c.ports) || !slices.Equal(r.Logs, c.logs) {
			t.Errorf("%s: %+v, %v", c.name, r, err)
		}
		holds(t, path, c.settings)
	}
}

// The wire stays what it is while its ports are there.
func TestPortsThere(t *testing.T) {
	class := t.TempDir()
	for name, kind := range map[string]string{"eth2": "1\n", "eth3": "1\n", "wlan": "801\n"} {
		if err := os.Mkdir(filepath.Join(class, name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(class, name, "type"), kind)
	}
	for _, c := range []struct {
		ports []string
		want  [2]string
	}{
		{[]string{"eth3", "eth2"}, [2]string{"eth3", "eth2"}},
		{[]string{"eth2", "eth9"}, [2]string{}},
		{[]string{"eth2", "wlan"}, [2]string{}},
		{[]string{"eth2"}, [2]string{}},
		{nil, [2]string{}},
	} {
		if got := portsThere(c.ports, class); got != c.want {
			t.Errorf("%v: %v, want %v", c.ports, got, c.want)
		}
	}
}

// Nothing of what was logged before a reset is left for the log of the last run.
func TestJournalForgets(t *testing.T) {
	j := newJournal()
	path := filepath.Join(t.TempDir(), "box.log")
	if err := j.openFile(path); err != nil {
		t.Fatal(err)
	}
	j.note("login from 192.0.2.7")
	j.forget()
	j.note("factory reset is done")
	if got := string(j.content()); got != "factory reset is done\n" {
		t.Errorf("in memory is %q", got)
	}
	holds(t, path, "factory reset is done\n")
}
