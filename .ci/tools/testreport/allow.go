package main

import (
	"fmt"
	"os"
	"path"
	"strings"
)

// allowance is one line of the allow-list.
type allowance struct {
	pkg, test string // patterns of path.Match
	reason    string // text that the skip's own reason must contain
	why       string // why a run without the test is still a whole run
}

type allowList []allowance

// readAllowList reads lines of four fields, package | test | reason | why, and
// skips blank lines and comments. All four must be there: a skip that nobody
// can explain is not allowed.
func readAllowList(name string) (allowList, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read allow-list: %w", err)
	}
	var list allowList
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		a, err := parseAllowance(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
		list = append(list, a)
	}
	return list, nil
}

func parseAllowance(line string) (allowance, error) {
	fields := strings.Split(line, "|")
	if len(fields) != 4 {
		return allowance{}, fmt.Errorf("%d fields, want 4: package | test | reason it gives | why that is fine", len(fields))
	}
	for i, field := range fields {
		if fields[i] = strings.TrimSpace(field); fields[i] == "" {
			return allowance{}, fmt.Errorf("field %d is empty: package | test | reason it gives | why that is fine", i+1)
		}
	}
	for _, pattern := range fields[:2] {
		if _, err := path.Match(pattern, ""); err != nil {
			return allowance{}, fmt.Errorf("pattern %q: %w", pattern, err)
		}
	}
	return allowance{pkg: fields[0], test: fields[1], reason: fields[2], why: fields[3]}, nil
}

// covers returns why a skip is allowed.
func (l allowList) covers(s Skip) (why string, ok bool) {
	for _, a := range l {
		// Patterns were checked when they were read.
		pkg, _ := path.Match(a.pkg, s.Package)
		test, _ := path.Match(a.test, s.Test)
		if pkg && test && strings.Contains(s.Reason, a.reason) {
			return a.why, true
		}
	}
	return "", false
}
