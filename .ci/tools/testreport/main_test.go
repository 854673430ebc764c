package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// module writes a module of its own with the given files, makes it the working
// directory and returns where its record goes.
func module(t *testing.T, files map[string]string) (record string) {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module sample\n\ngo 1.26\n"
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return filepath.Join(dir, "out", "record.json")
}

const passing = `package a
import "testing"
func TestGood(t *testing.T) { t.Log("quiet when it passes") }
`

const skipping = `package a
import "testing"
func TestGood(t *testing.T) {}
func TestAway(t *testing.T) { t.Run("vlan", func(t *testing.T) { t.Skip("kernel has no VLAN devices") }) }
`

// machine runs the test that skipping skips.
const machine = `package machine
import "testing"
func TestLab(t *testing.T) { t.Run("TestAway", func(t *testing.T) { t.Run("vlan", func(t *testing.T) {}) }) }
`

func wants(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("output lacks %q:\n%s", w, got)
		}
	}
}

func TestRun(t *testing.T) {
	for name, tt := range map[string]struct {
		files    map[string]string
		wants    []string
		lacks    string
		fails    string // text of the error; "" for none
		verbose  bool
		patterns []string
	}{
		"passes": {
			files: map[string]string{"a/a_test.go": passing, "b/b.go": "package b\n"},
			wants: []string{"ok  \tsample/a\t", "(1 passed)", "?   \tsample/b\t[no test files]"},
			lacks: "quiet when it passes",
		},
		"verbose": {
			files: map[string]string{"a/a_test.go": passing}, verbose: true,
			wants: []string{"quiet when it passes", "ok  \tsample/a\t"},
		},
		"fails": {
			files: map[string]string{"a/a_test.go": passing + `func TestBad(t *testing.T) { t.Error("the reason") }`},
			wants: []string{"the reason", "FAIL\tsample/a\t", "(1 passed, 1 failed)", "--- FAIL: sample/a TestBad\n    a_test.go:4: the reason\n"},
			fails: "1 of 1 packages failed",
		},
		"panics": {
			files: map[string]string{"a/a_test.go": passing + `func TestBad(t *testing.T) { go panic("in a goroutine"); select {} }`},
			wants: []string{"in a goroutine", "FAIL\tsample/a\t"},
			fails: "1 of 1 packages failed",
		},
		"exits in TestMain": {
			files: map[string]string{"a/a_test.go": "package a\nimport (\"os\"; \"testing\"; \"fmt\")\n" +
				`func TestMain(m *testing.M) { fmt.Println("said before the end"); os.Exit(3) }`},
			wants: []string{"said before the end", "FAIL\tsample/a\t"},
			fails: "1 of 1 packages failed",
		},
		"does not build": {
			files: map[string]string{"a/a_test.go": "package a\nvar x int = \"text\"\n", "b/b_test.go": strings.Replace(passing, "package a", "package b", 1)},
			wants: []string{"cannot use \"text\"", "FAIL\tsample/a\t", "ok  \tsample/b\t"},
			fails: "1 of 2 packages failed",
		},
		"has no tests": {
			files: map[string]string{"b/b.go": "package b\n"},
			fails: "no test ran",
		},
		"bad argument": {
			files:    map[string]string{"b/b.go": "package b\n"},
			patterns: []string{"-count=many"},
			fails:    "run go test: exit status",
		},
	} {
		t.Run(name, func(t *testing.T) {
			record := module(t, tt.files)
			args := []string{"run", "-record", record}
			if tt.verbose {
				args = append(args, "-v")
			}
			args = append(args, "--")
			args = append(args, tt.patterns...)
			args = append(args, "./...")
			var out bytes.Buffer
			err := dispatch(t.Context(), args, &out)
			if (err == nil) != (tt.fails == "") || (err != nil && !strings.Contains(err.Error(), tt.fails)) {
				t.Errorf("error %v, want %q\n%s", err, tt.fails, out.String())
			}
			wants(t, out.String(), tt.wants...)
			if tt.lacks != "" && strings.Contains(out.String(), tt.lacks) {
				t.Errorf("output has %q:\n%s", tt.lacks, out.String())
			}
		})
	}
}

func TestSumShowsAndJudgesSkips(t *testing.T) {
	const covered = "sample/* | TestAway/* | no VLAN devices | sample/a  TestGood\n"
	const inMachine = "sample/a | TestAway/vlan | no VLAN devices | sample/machine TestLab/%\n"
	for name, tt := range map[string]struct {
		allow string
		ci    bool
		fails string
		wants string
	}{
		"not CI":              {wants: "--- SKIP: sample/a TestAway/vlan: kernel has no VLAN devices (NOT allowed in CI: not listed)"},
		"CI":                  {ci: true, fails: "1 skips refused"},
		"CI, covered":         {ci: true, allow: covered, wants: "(passed instead: sample/a TestGood)"},
		"CI, by its name":     {ci: true, allow: inMachine, wants: "(passed instead: sample/machine TestLab/TestAway/vlan)"},
		"CI, stand-in absent": {ci: true, allow: strings.Replace(covered, "Good", "Gone", 1), fails: "1 skips refused", wants: "sample/a TestGone should have passed instead"},
		"CI, other reason":    {ci: true, allow: strings.Replace(covered, "no VLAN", "no broute", 1), fails: "1 skips refused"},
		"CI, other test":      {ci: true, allow: strings.Replace(covered, "Away", "Here", 1), fails: "1 skips refused"},
		"CI, other package":   {ci: true, allow: strings.Replace(covered, "sample/", "ample/", 1), fails: "1 skips refused"},
		"nothing instead":     {ci: true, allow: "sample/* | TestAway/* | no VLAN devices |\n", fails: "allow:1: field 4 is empty"},
		"too few fields":      {ci: true, allow: "sample/* | TestAway/*\n", fails: "allow:1: 2 fields"},
		"pattern never holds": {ci: true, allow: "# comment\n\n[ | TestAway/* | no VLAN | a TestB\n", fails: "allow:3: pattern"},
	} {
		t.Run(name, func(t *testing.T) {
			record := module(t, map[string]string{"a/a_test.go": skipping, "machine/m_test.go": machine, "allow": tt.allow})
			if tt.ci {
				t.Setenv("CI", "true")
			} else {
				t.Setenv("CI", "")
			}
			if err := dispatch(t.Context(), []string{"run", "-record", record, "--", "./..."}, &bytes.Buffer{}); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			err := dispatch(t.Context(), []string{"sum", "-allow", "allow", filepath.Dir(record)}, &out)
			if (err == nil) != (tt.fails == "") || (err != nil && !strings.Contains(err.Error(), tt.fails)) {
				t.Errorf("error %v, want %q\n%s", err, tt.fails, out.String())
			}
			wants(t, out.String(), tt.wants)
			if err == nil {
				wants(t, out.String(), "ok  \tsample/a\t", "1 skipped")
			}
		})
	}
}

func TestSumTellsOfFailures(t *testing.T) {
	record := module(t, map[string]string{"a/a_test.go": passing + `func TestBad(t *testing.T) { t.Fatal() }`})
	if err := dispatch(t.Context(), []string{"run", "-record", record, "--", "./..."}, &bytes.Buffer{}); err == nil {
		t.Fatal("a failed test passed")
	}
	if err := dispatch(t.Context(), []string{"sum", filepath.Dir(record)}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "1 failures") {
		t.Errorf("got %v", err)
	}
}

func TestSumWithoutRecordsFails(t *testing.T) {
	if err := dispatch(t.Context(), []string{"sum", t.TempDir()}, &bytes.Buffer{}); err == nil {
		t.Error("an empty directory was summed up as a success")
	}
}

func TestSkipsInsideAnotherRunAreFound(t *testing.T) {
	const nested = `package a
import "testing"
func TestMachine(t *testing.T) {
	t.Log("=== RUN   TestInside\n    lab_test.go:12: no br_netfilter here\n--- SKIP: TestInside (0.00s)\n--- SKIP: TestMute (0.00s)")
}
`
	record := module(t, map[string]string{"a/a_test.go": nested})
	if err := dispatch(t.Context(), []string{"run", "-record", record, "--", "./..."}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := sum([]string{filepath.Dir(record)}, true, &out); err == nil {
		t.Error("skips inside the machine were not refused")
	}
	wants(t, out.String(), "TestMachine > TestInside: no br_netfilter here", "TestMachine > TestMute: no reason given")
}
