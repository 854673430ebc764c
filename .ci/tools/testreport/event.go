package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
)

// event is one line of `go test -json`: the fields of test2json's TestEvent
// and of go build's BuildEvent, which share the stream.
type event struct {
	Action     string
	Package    string
	ImportPath string // of a build event
	Test       string
	Output     string
	Elapsed    float64 // seconds
}

// testKey names one test of one package.
type testKey struct{ pkg, test string }

// follower turns the stream of events into a Report, printing as it goes.
type follower struct {
	out     io.Writer
	verbose bool
	report  *Report
	// output of tests that have not ended; of a package itself under test "".
	output map[testKey]*strings.Builder
	counts map[string]*Package
}

// follow reads events until their end. Lines that are no events (a tool that
// prints to stdout) are passed on as they are.
func follow(events io.Reader, verbose bool, out io.Writer) (*Report, error) {
	f := &follower{
		out: out, verbose: verbose, report: &Report{},
		output: make(map[testKey]*strings.Builder), counts: make(map[string]*Package),
	}
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			f.line(line)
		}
		if err == io.EOF {
			return f.report, nil
		}
		if err != nil {
			return f.report, fmt.Errorf("read events of go test: %w", err)
		}
	}
}

func (f *follower) line(line []byte) {
	var e event
	if !bytes.HasPrefix(line, []byte("{")) || json.Unmarshal(line, &e) != nil {
		_, _ = f.out.Write(line)
		return
	}
	switch e.Action {
	case "build-output":
		fmt.Fprint(f.out, e.Output)
	case "output":
		f.write(e)
	case "pass", "fail", "skip":
		if e.Test == "" {
			f.endPackage(e)
		} else {
			f.endTest(e)
		}
	}
}

func (f *follower) write(e event) {
	key := testKey{e.Package, e.Test}
	if f.output[key] == nil {
		f.output[key] = new(strings.Builder)
	}
	f.output[key].WriteString(e.Output)
	if f.verbose && e.Test != "" {
		fmt.Fprint(f.out, e.Output)
	}
}

func (f *follower) pkg(name string) *Package {
	if f.counts[name] == nil {
		f.counts[name] = &Package{Name: name}
	}
	return f.counts[name]
}

func (f *follower) endTest(e event) {
	key := testKey{e.Package, e.Test}
	text := ""
	if b := f.output[key]; b != nil {
		text = b.String()
		delete(f.output, key)
	}
	p := f.pkg(e.Package)
	switch e.Action {
	case "pass":
		p.Passed++
		f.report.Passes = append(f.report.Passes, e.Package+" "+e.Test)
	case "skip":
		p.Skipped++
		f.report.Skips = append(f.report.Skips, Skip{Package: e.Package, Test: e.Test, Reason: reason(text)})
	case "fail":
		p.Failed++
		f.report.Failures = append(f.report.Failures, Failure{e.Package, e.Test, said(text, failureLines)})
		if !f.verbose {
			fmt.Fprint(f.out, text)
		}
	}
	// A test may run other tests, as the one that boots a machine does: what
	// those skipped is in its output.
	f.report.Skips = append(f.report.Skips, nested(e.Package, e.Test, text)...)
}

func (f *follower) endPackage(e event) {
	p := f.pkg(e.Package)
	p.Elapsed = e.Elapsed
	switch e.Action {
	case "pass":
		p.Result = resultOK
	case "skip":
		p.Result = resultNone
	case "fail":
		p.Result = resultFail
		f.leftovers(e.Package)
	}
	delete(f.output, testKey{e.Package, ""})
	f.report.Packages = append(f.report.Packages, *p)
	fmt.Fprintln(f.out, p)
}

// leftovers prints what a failed package said outside its tests, and what
// tests said that never ended: a panic and a timeout are found there.
func (f *follower) leftovers(pkg string) {
	for key, b := range f.output {
		if key.pkg != pkg || (f.verbose && key.test != "") {
			continue
		}
		for line := range strings.Lines(b.String()) {
			if !summary.MatchString(line) {
				fmt.Fprint(f.out, line)
			}
		}
		delete(f.output, key)
	}
}

var (
	// summary is go test's own last line of a package, which Package.String
	// replaces.
	summary = regexp.MustCompile(`^(ok|FAIL|PASS|\?)\b.*\n?$`)
	// marker is what the test binary says about itself, as `=== RUN`.
	marker = regexp.MustCompile(`^\s*(===|---) `)
	// place is the file and line that t.Skip puts before its text.
	place      = regexp.MustCompile(`^\s*[\w.-]+\.go:\d+: `)
	nestedSkip = regexp.MustCompile(`--- SKIP: (\S+) \(`)
)

// failureLines are how many lines of a failed test are said again at the end.
const failureLines = 8

// said are the first lines of a test's output, without those of the test binary.
func said(text string, most int) (lines []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || marker.MatchString(line) {
			continue
		}
		if lines = append(lines, line); len(lines) == most {
			break
		}
	}
	return lines
}

// reason is what a skipped test said, on one line.
func reason(text string) string {
	lines := said(text, math.MaxInt)
	if len(lines) == 0 {
		return "no reason given"
	}
	for i, line := range lines {
		lines[i] = place.ReplaceAllString(line, "")
	}
	return strings.Join(lines, " ")
}

// nested finds the skips that a test printed without being skipped itself.
func nested(pkg, test, text string) []Skip {
	var skips []Skip
	last := "no reason given"
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		found := nestedSkip.FindStringSubmatch(line)
		switch {
		case found != nil && found[1] != test:
			skips = append(skips, Skip{Package: pkg, Test: test + " > " + found[1], Reason: last})
			last = "no reason given"
		case place.MatchString(line):
			last = place.ReplaceAllString(line, "")
		case marker.MatchString(line):
			last = "no reason given"
		}
	}
	return skips
}
