package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
)

// allowance is one line of the allow-list.
type allowance struct {
	pkg, test string // patterns of path.Match
	reason    string // text that the skip's own reason must contain
	standIn   string // "package Test" that must have passed; % is the skipped test
}

type allowList []allowance

const allowanceForm = "want 4: package | test | reason it gives | package and test that must have passed instead"

// readAllowList reads lines of four fields and skips blank lines and comments.
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
		return allowance{}, fmt.Errorf("%d fields, %s", len(fields), allowanceForm)
	}
	for i, field := range fields {
		// Spaces may line up columns; between two words one is meant.
		if fields[i] = strings.Join(strings.Fields(field), " "); fields[i] == "" {
			return allowance{}, fmt.Errorf("field %d is empty, %s", i+1, allowanceForm)
		}
	}
	for _, pattern := range fields[:2] {
		if _, err := path.Match(pattern, ""); err != nil {
			return allowance{}, fmt.Errorf("pattern %q: %w", pattern, err)
		}
	}
	return allowance{pkg: fields[0], test: fields[1], reason: fields[2], standIn: fields[3]}, nil
}

// covers returns the test that passed in a skipped one's place, or why the
// skip is not allowed.
func (l allowList) covers(s Skip, passes []string) (standIn string, err error) {
	err = errors.New("not listed")
	for _, a := range l {
		// Patterns were checked when they were read.
		pkg, _ := path.Match(a.pkg, s.Package)
		test, _ := path.Match(a.test, s.Test)
		if !pkg || !test || !strings.Contains(s.Reason, a.reason) {
			continue
		}
		standIn = strings.ReplaceAll(a.standIn, "%", s.Test)
		if slices.Contains(passes, standIn) {
			return standIn, nil
		}
		err = fmt.Errorf("%s should have passed instead", standIn)
	}
	return "", err
}
