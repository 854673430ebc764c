package metrics

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const docs = "../../docs/metrics.md"

// table is the part of the documentation that is written from the metrics.
func table() string {
	var b strings.Builder
	for _, g := range groups() {
		fmt.Fprintf(&b, "\n## %s\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n", g.title)
		for _, m := range g.metrics {
			labels := ""
			if len(m.labels) > 0 {
				labels = "`" + strings.Join(m.labels, "`, `") + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.name, m.kind, labels, strings.TrimSuffix(m.help, "."))
		}
	}
	return b.String() + "\n"
}

func readDocs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDocumentationNamesWhatThereIs(t *testing.T) {
	text := readDocs(t)
	const begin, end = "-update -->\n", "<!-- end -->"
	before, rest, found := strings.Cut(text, begin)
	written, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s lacks its marks", docs)
	}
	if *update {
		if err := os.WriteFile(docs, []byte(before+begin+table()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if written != table() {
		t.Errorf("%s is out of date: run go test ./appliance/metrics -update; it has\n%swant\n%s", docs, written, table())
	}
	// The prose speaks of nothing that there is not.
	known := map[string]bool{}
	for _, m := range metrics() {
		known[m.name] = true
		if m.kind == histogram {
			known[m.name+"_bucket"], known[m.name+"_sum"], known[m.name+"_count"] = true, true, true
		}
	}
	for _, name := range regexp.MustCompile(`\blimpid_\w+`).FindAllString(before+after, -1) {
		if !known[name] {
			t.Errorf("%s names %s, which is not exported", docs, name)
		}
	}
}

// promtool runs Prometheus's own checker. Its absence is a failure: .ci/deps
// has it.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "promtool", args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestPromtoolReadsTheText(t *testing.T) {
	promtool(t, text(t, example()), "check", "metrics")
}

func TestPromtoolReadsTheAlerts(t *testing.T) {
	_, rest, found := strings.Cut(readDocs(t), "```yaml\n")
	rules, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatalf("%s has no alerts", docs)
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, []byte(rules), 0o644); err != nil {
		t.Fatal(err)
	}
	promtool(t, "", "check", "rules", file)
}
