package vm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// labPrograms are the host programs that tests in namespaces use.
func labPrograms() []string {
	return []string{"ip", "tc", "bridge", "nft", "ebtables", "ethtool", "ping", "tcpdump", "curl", "nginx"}
}

// TestMachine runs the guest package, which uses every feature that limpid and its lab need.
func TestMachine(t *testing.T) {
	out := t.TempDir()
	result := Test(t, "./test/vm/guest", "", Spec{
		Programs: labPrograms(),
		Files:    map[string]string{"/etc/limpid/carried": "testdata/carried"},
		Env:      []string{fmt.Sprintf("LIMPID_HOST_TIME=%d", time.Now().Unix())},
		OutDir:   out,
		Timeout:  3 * time.Minute,
	})
	if !strings.HasPrefix(result.Kernel, "6.12.") {
		t.Errorf("kernel that ran = %q, want 6.12", result.Kernel)
	}
	for _, name := range []string{"note.txt", "deep/er/note.txt"} {
		data, err := os.ReadFile(filepath.Join(out, name))
		if err != nil || string(data) != name+" from the guest\n" {
			t.Errorf("file from the guest %s = %q, %v", name, data, err)
		}
	}
	got := slices.Clone(result.Files)
	slices.Sort(got)
	if want := []string{"deep/er/note.txt", "note.txt"}; !slices.Equal(got, want) {
		t.Errorf("files from the guest = %q, want %q", got, want)
	}
}

// troublesBinary compiles the tests that go wrong.
func troublesBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "troubles.test")
	if err := buildTest(t.Context(), binary, "./test/vm/testdata/troubles"); err != nil {
		t.Fatal(err)
	}
	return binary
}

// A kernel that panics is told from a hanging one, and a hanging program is killed at the deadline. How long this machine
// takes to boot is not known beforehand: the deadline is moved until the program has begun before it.
func TestPanicAndDeadline(t *testing.T) {
	binary := troublesBinary(t)
	result, err := Run(t.Context(), Spec{Binary: binary, Args: []string{"-test.v", "-test.run=TestPanicsTheKernel"}})
	checkFailure(t, err, "kernel panic: sysrq triggered crash", "sysrq")
	if !strings.Contains(string(result.Output), "now crashing the kernel") {
		t.Errorf("output before the panic is lost: %q", result.Output)
	}
	if result.Boot == 0 {
		t.Fatal("the guest never was ready")
	}

	limit := 2*result.Boot + 3*time.Second
	for {
		result, err = Run(t.Context(), Spec{Binary: binary, Args: []string{"-test.v", "-test.run=TestHangs"}, Timeout: limit})
		if len(result.Output) > 0 || limit > 5*time.Minute {
			break
		}
		checkFailure(t, err, fmt.Sprintf("not ready after %v", limit), "")
		limit *= 2
	}
	checkFailure(t, err, fmt.Sprintf("the program had not ended after %v", limit), "")
	if result.Exit != -1 || !strings.Contains(string(result.Output), "now waiting for nothing") {
		t.Errorf("exit %d, output %q", result.Exit, result.Output)
	}
}

// checkFailure wants a one-line Failure that says what, with a console tail that holds the given words.
func checkFailure(t *testing.T, err error, what, console string) {
	t.Helper()
	failure, ok := errors.AsType[*Failure](err)
	if !ok {
		t.Fatalf("error = %v, want a Failure", err)
	}
	if text := failure.Error(); !strings.Contains(text, what) || strings.Contains(text, "\n") {
		t.Errorf("error = %q, want one line with %q", text, what)
	}
	if !strings.Contains(failure.Console, console) {
		t.Errorf("console = %q, want it to hold %q", failure.Console, console)
	}
}

func TestRunRefusesBadSpecs(t *testing.T) {
	for want, spec := range map[string]Spec{
		"no Binary":             {},
		"at least 256":          {Binary: "x", Memory: 5},
		"give 1 to 64":          {Binary: "x", CPUs: 65},
		"positive time":         {Binary: "x", Timeout: -1},
		"Dir \"a\" is not":      {Binary: "x", Dir: "a"},
		"guest path \"b\"":      {Binary: "x", Files: map[string]string{"b": "/etc"}},
		"\"c\" in Env is not":   {Binary: "x", Env: []string{"c"}},
		"find program no-such-": {Binary: "/bin/true", Programs: []string{"no-such-program"}},
		"no_such_module":        {Binary: "/bin/true", Modules: []string{"no-such-module"}},
	} {
		_, err := Run(t.Context(), spec)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error = %v, want one line with %q", err, want)
		}
	}
}

// QEMU's own complaint and that of the guest's process 1 reach the caller.
func TestWhatCannotStart(t *testing.T) {
	_, err := Run(t.Context(), Spec{Binary: "/bin/true", Kernel: Kernel{Image: "testdata/no-kernel"}})
	checkFailure(t, err, "testdata/no-kernel", "")

	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no program\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = Run(t.Context(), Spec{Binary: text})
	checkFailure(t, err, "exec format error", "limpid-init")
}

// An apt without lists is told in one line; nothing is downloaded.
func TestNoKernelWithoutAptLists(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "apt.conf")
	lines := fmt.Sprintf("Dir::State::lists %q;\nDir::Cache %q;\n", filepath.Join(dir, "lists"), filepath.Join(dir, "cache"))
	if err := os.WriteFile(config, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("APT_CONFIG", config)
	_, err := DebianKernel(t.Context(), filepath.Join(dir, "kernels"))
	if err == nil || !strings.Contains(err.Error(), "run apt-get update") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error = %v, want one line that says to run apt-get update", err)
	}
	t.Log(err)
}

func TestRunNeedsQEMU(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Run(t.Context(), Spec{Binary: "/bin/true"})
	if err == nil || !strings.Contains(err.Error(), "apt-get install qemu-system-x86") {
		t.Errorf("error = %v, want how to install QEMU", err)
	}
}
