package vm

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Test compiles the test binary of pkg (as the go command names packages, seen from the module's root), runs the tests
// that match the regular expression run ("": all) in a machine and reports each as a subtest of t, with its output, as
// it happens. A skip inside is a failure unless spec.AllowSkip gives a reason for it, and so is a run without any test.
//
// The package's testdata folder is carried to the guest, and the tests start in the folder that holds it.
func Test(t *testing.T, pkg, run string, spec Spec) Result {
	t.Helper()
	if err := prepareTest(t, pkg, run, &spec); err != nil {
		t.Fatal(err)
	}
	// The converter reads what the guest prints while it prints it: a test that hangs is seen hanging under its name.
	events, input, err := test2json(t.Context(), pkg)
	if err != nil {
		t.Fatal(err)
	}
	spec.Output = input
	tree := newReporter(t, spec.AllowSkip)
	told := make(chan error, 1)
	go func() { told <- tree.follow(events) }()

	// Subtests run in goroutines of their own; this one waits for the machine.
	result, err := Run(t.Context(), spec)
	input.Close()
	// All events are in only when the converter has seen the end of its input.
	if readErr := <-told; err == nil {
		err = readErr
	}
	if failure, ok := errors.AsType[*Failure](err); ok {
		t.Logf("last lines of the console:\n%s", failure.Console)
	}
	tree.finish()
	switch {
	case err != nil:
		t.Fatal(err)
	case tree.started == 0:
		t.Fatalf("run tests of %s in the VM: none matches %q; correct the pattern", pkg, run)
	case result.Signal != "":
		t.Fatalf("run tests of %s in the VM: %s ended the test binary; see its output", pkg, result.Signal)
	case result.Exit != 0 && !t.Failed():
		t.Fatalf("run tests of %s in the VM: exit status %d though no test failed; see its output", pkg, result.Exit)
	}
	t.Logf("%d tests in the VM, kernel %s, booted in %.1f s, off after %.1f s",
		tree.started, result.Kernel, result.Boot.Seconds(), result.Elapsed.Seconds())
	return result
}

// prepareTest compiles the test binary and completes the spec for it.
func prepareTest(t *testing.T, pkg, run string, spec *Spec) error {
	if spec.Timeout == 0 {
		spec.Timeout = defaultTimeout
	}
	// The machine must be off, and the failure told, before the host's own test run is cut off.
	if deadline, ok := t.Deadline(); ok {
		spec.Timeout = min(spec.Timeout, time.Until(deadline)-time.Second)
	}
	if spec.Log == nil {
		spec.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	dir, name, err := describePackage(t.Context(), pkg)
	if err != nil {
		return err
	}
	spec.Binary = filepath.Join(t.TempDir(), "program.test")
	if err := buildTest(t.Context(), spec.Binary, pkg); err != nil {
		return err
	}
	if spec.Dir == "" {
		spec.Dir = "/src/" + name
	}
	if data := filepath.Join(dir, "testdata"); exists(data) {
		files := map[string]string{filepath.Join(spec.Dir, "testdata"): data}
		maps.Copy(files, spec.Files)
		spec.Files = files
	}
	spec.Args = slices.Concat([]string{
		// As `go test -json` would run it: marked output, and an os.Exit(0) in a test is no success.
		"-test.v=test2json", "-test.paniconexit0", "-test.run=" + run,
		"-test.timeout=" + innerTimeout(spec.Timeout).String(),
	}, spec.Args)
	return nil
}

// innerTimeout is when the test binary gives up by itself and shows its goroutines: before the machine is killed.
func innerTimeout(outer time.Duration) time.Duration {
	const bootAndReport = 20 * time.Second
	return max(outer-bootAndReport, outer/2)
}

// test2json starts the go command's converter: what is written to input comes out as events.
func test2json(ctx context.Context, pkg string) (events io.Reader, input io.WriteCloser, err error) {
	path, err := findProgram("go")
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, path, "tool", "test2json", "-p", pkg)
	cmd.Stderr = os.Stderr
	if input, err = cmd.StdinPipe(); err != nil {
		return nil, nil, fmt.Errorf("start test2json: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, fmt.Errorf("start test2json: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("start test2json: %w", err)
	}
	return &converter{out, cmd}, input, nil
}

// converter reads test2json's output and reaps the process at its end.
type converter struct {
	io.Reader
	cmd *exec.Cmd
}

// Read gives the events; at their end the converter's own failure, if any, in place of io.EOF.
func (c *converter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		if waited := c.cmd.Wait(); waited != nil {
			return n, fmt.Errorf("run test2json: %w", waited)
		}
	}
	return n, err
}

// event is one line of test2json's output (cmd/internal/test2json, Go 1.26); only what is used here.
type event struct {
	Action string
	Test   string
	Output string
}

// reporter re-plays inner tests as subtests of t. Each inner test is a goroutine inside t.Run of its parent, which
// reads its own events; so parallel inner tests need no special care.
type reporter struct {
	t       *testing.T
	allowed map[string]string
	root    *innerTest
	tests   map[string]*innerTest
	started int
}

// innerTest is one test of the guest.
type innerTest struct {
	name   string
	events chan event
	t      *testing.T    // valid when ready is closed; nil when the test was left out
	ready  chan struct{} // closed when t.Run has begun
	done   chan struct{} // closed when t.Run has returned
	open   []*innerTest  // children
}

// newReporter gives a reporter that makes its subtests below t.
func newReporter(t *testing.T, allowed map[string]string) *reporter {
	return &reporter{t: t, allowed: allowed, root: &innerTest{t: t}, tests: map[string]*innerTest{}}
}

// follow hands each event to its test until r ends. Lines that belong to no test go to t.
func (r *reporter) follow(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if bad := json.Unmarshal(line, &e); bad != nil {
				return fmt.Errorf("read test2json: %w", bad)
			}
			r.take(e)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read test2json: %w", err)
		}
	}
}

// take passes one event on. It blocks until the event's test has read it, so events keep their order.
func (r *reporter) take(e event) {
	switch {
	case e.Test == "":
		if e.Action == "output" && e.Output != "PASS\n" && e.Output != "FAIL\n" {
			fmt.Fprint(r.t.Output(), e.Output)
		}
	case e.Action == "run":
		r.start(e.Test)
	default:
		if test := r.tests[e.Test]; test != nil {
			test.events <- e
		}
	}
}

// start begins the subtest for an inner test, below its parent.
func (r *reporter) start(name string) {
	parent := r.root
	short := name
	// A subtest's name may hold slashes itself, so the longest name of a known test is its parent.
	for at := range name {
		if name[at] == '/' && r.tests[name[:at]] != nil {
			parent, short = r.tests[name[:at]], name[at+1:]
		}
	}
	r.started++
	if parent.t == nil {
		return // the host's -test.run left the parent out
	}
	test := &innerTest{name: name, events: make(chan event), ready: make(chan struct{}), done: make(chan struct{})}
	r.tests[name] = test
	parent.open = append(parent.open, test)
	go func() {
		defer close(test.done)
		parent.t.Run(short, func(t *testing.T) { test.play(t, r.allowed) })
	}()
	select {
	case <-test.ready:
	case <-test.done: // left out too: its events must not wait for it
		go test.drain()
	}
}

// play is the body of a subtest: it shows the output as it comes and ends as the inner test ended.
func (i *innerTest) play(t *testing.T, allowed map[string]string) {
	i.t = t
	close(i.ready)
	ended := ""
	for e := range i.events {
		switch e.Action {
		case "output":
			if !framing(e.Output) {
				fmt.Fprint(t.Output(), e.Output)
			}
		case "pass", "fail", "skip":
			ended = e.Action
		}
		if ended != "" {
			break
		}
	}
	go i.drain()
	// A parent's t.Run must outlast those of its children.
	for _, child := range i.open {
		<-child.done
	}
	switch ended {
	case "pass":
	case "skip":
		if reason, ok := allowed[i.name]; ok {
			t.Skipf("skipped in the VM, as allowed: %s", reason)
		}
		t.Errorf("%s was skipped in the VM; give a reason in AllowSkip or make it run", i.name)
	case "fail":
		t.Fail()
	default:
		t.Errorf("%s did not end in the VM", i.name)
	}
}

// drain takes the events that are of no interest, so that their sender need not wait. It ends when they are closed.
func (i *innerTest) drain() {
	for range i.events {
	}
}

// framing reports lines that the host's own testing package prints again.
func framing(line string) bool {
	// Subtests are indented by four spaces for each level.
	line = strings.TrimLeft(line, " ")
	for _, mark := range []string{"=== ", "--- PASS: ", "--- FAIL: ", "--- SKIP: "} {
		if strings.HasPrefix(line, mark) {
			return true
		}
	}
	return false
}

// finish ends the tests that had no end and waits for all.
func (r *reporter) finish() {
	for _, test := range r.tests {
		close(test.events)
	}
	for _, test := range r.root.open {
		<-test.done
	}
}
