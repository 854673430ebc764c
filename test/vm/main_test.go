package vm

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// hostEnv holds a test pattern when this binary stands for a host whose guest is in trouble.
const hostEnv = "LIMPID_VM_TROUBLED_HOST"

func TestMain(m *testing.M) {
	pattern := os.Getenv(hostEnv)
	if pattern == "" {
		os.Exit(m.Run())
	}
	host := testing.InternalTest{Name: "TestHost", F: func(t *testing.T) {
		Test(t, "./test/vm/testdata/troubles", "^("+pattern+")$", Spec{
			AllowSkip: map[string]string{"TestMaySkip": "it proves nothing here"},
		})
	}}
	// MainStart parses the flags that RunTests reads.
	if !testing.RunTests(regexp.MatchString, []testing.InternalTest{host}) {
		os.Exit(1)
	}
}

// runTroubledHost runs this binary as such a host and gives the result of each test, and all output.
func runTroubledHost(t *testing.T, pattern string) (results map[string]string, output string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "tool", "test2json", os.Args[0], "-test.v=test2json")
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
