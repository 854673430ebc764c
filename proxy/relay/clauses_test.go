package relay

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

const clausePage = "../../docs/http.md"

// TestEveryClauseIsHeld keeps docs/http.md and the tests that have clauses in
// their names together, in both directions.
func TestEveryClauseIsHeld(t *testing.T) {
	page, err := os.ReadFile(clausePage)
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]map[string]bool{"http1": parserClauses(t), "relay": relayClauses()}
	listed := map[string]map[string]bool{"http1": {}, "relay": {}}
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 4 || !strings.HasPrefix(line, "| ") || cells[0] == "| clause" {
			continue
		}
		rows++
		clause, reason, holders := "RFC "+fullClause(strings.TrimPrefix(cells[0], "| ")), cells[2], strings.TrimSuffix(cells[3], " |")
		if holders == "-" {
			// Either it is not done, which the cell says why, or a configured deadline does it.
			if !strings.HasPrefix(reason, "- ") && !strings.Contains(reason, "_timeout") {
				t.Errorf("%s has no test and no reason: %s", clause, reason)
			}
			continue
		}
		for holder := range strings.SplitSeq(holders, ", ") {
			if !tested[holder][clause] {
				t.Errorf("no test of %s has %s in its name", holder, clause)
			}
			if listed[holder] != nil {
				listed[holder][clause] = true
			}
		}
	}
	if rows < 60 {
		t.Errorf("%d rows were read, want 60 at least", rows)
	}
	for holder, clauses := range tested {
		for clause := range clauses {
			if !listed[holder][clause] {
				t.Errorf("%s has a test of %s that the page does not list", holder, clause)
			}
		}
	}
}

// parserClauses are those of the tables in the tests of http1.
func parserClauses(t *testing.T) map[string]bool {
	t.Helper()
	row := regexp.MustCompile(`(?m)^\t+\{"((?:RFC [0-9]+ )?[0-9.]+)", "`)
	clauses := map[string]bool{}
	for _, file := range []string{"request_test.go", "response_test.go", "chunked_test.go"} {
		source, err := os.ReadFile("../http1/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range row.FindAllStringSubmatch(string(source), -1) {
			clauses["RFC "+fullClause(match[1])] = true
		}
	}
	return clauses
}

func relayClauses() map[string]bool {
	clauses := map[string]bool{}
	for _, s := range scripts {
		if clause, _, found := strings.Cut(s.name, ": "); found {
			clauses[clause] = true
		}
	}
	for _, s := range malformedSections() {
		for _, m := range s.messages {
			clauses["RFC "+fullClause(m.clause)] = true
		}
	}
	for _, m := range relayedMessages {
		clauses["RFC "+fullClause(m.clause)] = true
	}
	return clauses
}
