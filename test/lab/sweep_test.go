package lab

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSweepTakesOnlyTheDead(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	mine := New(t)
	// A lab of another process, killed in the middle of it.
	other := exec.CommandContext(t.Context(), self, "stale")
	out, err := other.StdoutPipe()
	must(t, err)
	must(t, other.Start())
	var orphan int
	_, err = fmt.Fscan(bufio.NewReader(out), &orphan)
	must(t, err)
	pattern := filepath.Join(netnsDir, prefix(other.Process.Pid, 1)+"*")

	// While it lives it is nobody's to sweep.
	swept, err := Sweep()
	must(t, err)
	names, err := filepath.Glob(pattern)
	must(t, err)
	if len(swept) != 0 || len(names) != len(nodes()) {
		t.Errorf("a sweep beside living labs took %v; %d of %d namespaces left", swept, len(names), len(nodes()))
	}

	must(t, other.Process.Kill())
	_ = other.Wait() // "signal: killed"
	if !alive(orphan) {
		t.Fatalf("the orphan did not outlive its lab: nothing to sweep")
	}
	swept, err = Sweep()
	must(t, err)
	for _, name := range names {
		if !slices.Contains(swept, filepath.Base(name)) {
			t.Errorf("%s was not swept", name)
		}
	}
	names, err = filepath.Glob(pattern)
	must(t, err)
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), prefix(other.Process.Pid, 1)+"*"))
	must(t, err)
	if len(names)+len(dirs) > 0 {
		t.Errorf("left after the sweep: %v %v", names, dirs)
	}
	if state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", orphan)); err == nil && !strings.Contains(string(state), ") Z ") {
		t.Errorf("orphan %d still runs: %s", orphan, state)
	}
	if traces := left(t, mine); len(traces) != len(nodes())+1 {
		t.Errorf("of my own lab remain %v", traces)
	}
}

func TestBuilder(t *testing.T) {
	for _, c := range []struct {
		name string
		pid  int
		ok   bool
	}{
		{prefix(4711, 1) + "c1", 4711, true},
		{prefix(4711, 12) + "lansw", 4711, true},
		{"lp4711-", 4711, true},
		{"lp4711", 0, false},
		{"lp-c1", 0, false},
		{"lp0-c1", 0, false},
		{"lpx-c1", 0, false},
		{"lp4711.-c1", 0, false},
		{"lp4711.x-c1", 0, false},
		{"lp-4711-c1", 0, false},
		{"lp99999999999-c1", 0, false},
		{"gw4711-c1", 0, false},
		{"", 0, false},
	} {
		if pid, ok := builder(c.name); ok != c.ok || ok && pid != c.pid {
			t.Errorf("builder(%q) = %d, %t, want %d, %t", c.name, pid, ok, c.pid, c.ok)
		}
	}
}
