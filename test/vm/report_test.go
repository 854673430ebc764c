package vm

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// hostEnv holds a test pattern when this binary stands for a host whose guest is in trouble.
const hostEnv = "LIMPID_VM_TROUBLED_HOST"

// TestReport looks from outside at what Test reports for tests that go wrong: it runs itself once more, as a host with
// a troubled guest.
func TestReport(t *testing.T) {
	if pattern := os.Getenv(hostEnv); pattern != "" {
		Test(t, "./test/vm/testdata/troubles", "^("+pattern+")$", Spec{
			AllowSkip: map[string]string{"TestMaySkip": "it proves nothing here"},
		})
		return
	}
	got, output := runTroubledHost(t, "TestPasses|TestFails|TestSkips|TestMaySkip|TestParallel")
	want := map[string]string{
		"TestReport":                      "fail",
		"TestReport/TestPasses":           "pass",
		"TestReport/TestFails":            "fail",
		"TestReport/TestFails/good_child": "pass",
		"TestReport/TestFails/bad_child":  "fail",
		"TestReport/TestSkips":            "fail",
		"TestReport/TestMaySkip":          "skip",
		"TestReport/TestParallel":         "pass",
		"TestReport/TestParallel/a":       "pass",
		"TestReport/TestParallel/b":       "pass",
		"TestReport/TestParallel/c":       "pass",
	}
	if !maps.Equal(got, want) {
		t.Errorf("reported %v, want %v", got, want)
	}
	for _, words := range []string{
		"all is well", "two and two is five", "no reason that anybody allowed", "give a reason in AllowSkip",
		"as allowed: it proves nothing here", "a says 0", "c says 2",
	} {
		if !strings.Contains(output, words) {
			t.Errorf("output lacks %q", words)
		}
	}
	if t.Failed() {
		t.Log(output)
	}
}

// runTroubledHost runs this binary as such a host and gives the result of each test, and all output.
func runTroubledHost(t *testing.T, pattern string) (results map[string]string, output string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "tool", "test2json", os.Args[0], "-test.v=test2json", "-test.run=^TestReport$")
	cmd.Env = append(os.Environ(), hostEnv+"="+pattern)
	out, err := cmd.Output()
	if err != nil {
		t.Logf("troubled host: %v", err) // it is meant to fail; the events tell more
	}
	results = map[string]string{}
	var text strings.Builder
	for line := range bytes.Lines(out) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		switch e.Action {
		case "pass", "fail", "skip":
			if e.Test != "" {
				results[e.Test] = e.Action
			}
		case "output":
			text.WriteString(e.Output)
		}
	}
	return results, text.String()
}
