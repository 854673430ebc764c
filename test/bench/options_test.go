package main

import (
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-only nginx", `no "nginx"`}, {"-loads fast", `no "fast"`}, {"-profile kernel", `no "kernel"`}, {"-rounds 0", "at least 1"},
		{"limpid", `unexpected "limpid"`}, {"-fast", "not defined"},
	} {
		var told strings.Builder
		if _, _, err := parse(strings.Fields(c.args), &told); err != errUsage || !strings.Contains(told.String(), c.want) { //nolint:errorlint // it is that very error
			t.Errorf("%s: %v, %q, want %q", c.args, err, told.String(), c.want)
		}
	}
	for _, c := range []struct{ args, out string }{
		{"", defaultReport}, {"-vm -profile proxy,gate", defaultReport}, {"-rounds 9", defaultReport},
		{"-only limpid", ""}, {"-loads new", ""}, {"-only limpid -out x.md", "x.md"},
	} {
		o, _, err := parse(strings.Fields(c.args), &strings.Builder{})
		if err != nil || o.out != c.out {
			t.Errorf("%s: writes to %q, %v, want %q", c.args, o.out, err, c.out)
		}
	}
}

// -h tells of everything that can be named.
func TestHelp(t *testing.T) {
	var help strings.Builder
	if _, _, err := parse([]string{"-h"}, &help); err == nil {
		t.Error("no error")
	}
	all := loadKeys()
	for _, s := range subjects(plan{}) {
		all = append(all, s.name)
	}
	for _, want := range append(all, "-rounds", "-seconds", "-only", "-loads", "-out", "-vm", "-profile", profileDir, defaultReport) {
		if !strings.Contains(help.String(), want) {
			t.Errorf("no %q in %s", want, help.String())
		}
	}
}

// Each key makes a load, and each subject's loads are of known keys.
func TestLoads(t *testing.T) {
	for _, key := range loadKeys() {
		if l := (plan{}).load(key); l.run == nil || l.key != key || l.pinned != strings.HasPrefix(key, "pinned-") || (l.way == past) != strings.HasPrefix(key, "past-") {
			t.Errorf("%s: %+v", key, l)
		}
	}
	for _, list := range [][]subject{subjects(plan{}), guestSubjects(plan{})} {
		for _, s := range list {
			for _, l := range s.loads {
				if l.run == nil {
					t.Errorf("%s: no load %q", s.name, l.key)
				}
			}
		}
	}
}
