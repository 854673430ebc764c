package doctor

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/doctor.md lists every check, in the order in which they are made.
func TestDocsListEveryCheck(t *testing.T) {
	text, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## The checks\n")
	table, _, _ = strings.Cut(table, "\n## ")
	var listed, made []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(table, -1) {
		for _, name := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(row[1], -1) {
			listed = append(listed, name[1])
		}
	}
	for _, c := range Examine(*well(t)).Checks {
		made = append(made, c.Name)
	}
	if !slices.Equal(listed, made) {
		t.Errorf("listed %q\nmade   %q", listed, made)
	}
}
