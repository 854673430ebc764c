package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Report is what one go test did; the record file is its JSON.
type Report struct {
	Packages []Package
	Passes   []string // "package Test", subtests too
	Failures []Failure
	Skips    []Skip
}

// Result of a package.
type Result string

const (
	resultOK   Result = "ok"
	resultFail Result = "FAIL"
	resultNone Result = "?" // has no test files
)

// Package is the outcome of one package; the counts include subtests.
type Package struct {
	Name                    string
	Result                  Result
	Elapsed                 float64 // seconds
	Passed, Failed, Skipped int
}

// String is the line that go test would print, with counts.
func (p Package) String() string {
	if p.Result == resultNone {
		return fmt.Sprintf("%s   \t%s\t[no test files]", p.Result, p.Name)
	}
	tail := ""
	if p.Failed > 0 {
		tail += fmt.Sprintf(", %d failed", p.Failed)
	}
	if p.Skipped > 0 {
		tail += fmt.Sprintf(", %d skipped", p.Skipped)
	}
	return fmt.Sprintf("%-4s\t%s\t%.3fs\t(%d passed%s)", p.Result, p.Name, p.Elapsed, p.Passed, tail)
}

// Failure is one failed test, subtests too, and what it said first, a line each.
type Failure struct {
	Package, Test string
	Said          []string
}

// Skip is one skipped test and why it was.
type Skip struct{ Package, Test, Reason string }

func (r *Report) save(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write record %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write record %s: %w", path, err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("write record %s: %w", path, err)
	}
	return nil
}

// load joins the records of a directory.
func load(dir string) (*Report, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("read records: none in %s", dir)
	}
	all := &Report{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read record: %w", err)
		}
		var one Report
		if err := json.Unmarshal(data, &one); err != nil {
			return nil, fmt.Errorf("read record %s: %w", path, err)
		}
		all.Packages = append(all.Packages, one.Packages...)
		all.Passes = append(all.Passes, one.Passes...)
		all.Failures = append(all.Failures, one.Failures...)
		all.Skips = append(all.Skips, one.Skips...)
	}
	slices.SortFunc(all.Packages, func(a, b Package) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// sum prints the records of a directory together. Where strict, a skip that
// the allow-list does not cover is an error.
func sum(args []string, strict bool, out io.Writer) error {
	flags := flag.NewFlagSet("sum", flag.ContinueOnError)
	allowPath := flags.String("allow", "", "file of skips that CI accepts")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New(usage)
	}
	report, err := load(flags.Arg(0))
	if err != nil {
		return err
	}
	var allowed allowList
	if *allowPath != "" {
		if allowed, err = readAllowList(*allowPath); err != nil {
			return err
		}
	}

	refused := printSkips(report, allowed, out)
	tests, failed := 0, 0
	for _, p := range report.Packages {
		if p.Result == resultNone {
			continue
		}
		fmt.Fprintln(out, p)
		tests += p.Passed + p.Failed + p.Skipped
		failed += p.Failed
		if p.Result == resultFail && p.Failed == 0 {
			failed++
		}
	}
	fmt.Fprintf(out, "%d tests, %d failed, %d skipped (%d of them not in the allow-list)\n",
		tests, failed, len(report.Skips), refused)
	switch {
	case failed > 0:
		return fmt.Errorf("%d failures", failed)
	case strict && refused > 0:
		return fmt.Errorf("%d skips refused: make the test run here, or name in %s the test that passes in its place", refused, *allowPath)
	}
	return nil
}

// printSkips prints each skip with its reason and returns how many the
// allow-list does not cover.
func printSkips(report *Report, allowed allowList, out io.Writer) int {
	refused := 0
	for _, s := range report.Skips {
		standIn, err := allowed.covers(s, report.Passes)
		if err != nil {
			refused++
			fmt.Fprintf(out, "--- SKIP: %s %s: %s (NOT allowed in CI: %v)\n", s.Package, s.Test, s.Reason, err)
			continue
		}
		fmt.Fprintf(out, "--- SKIP: %s %s: %s (passed instead: %s)\n", s.Package, s.Test, s.Reason, standIn)
	}
	return refused
}
