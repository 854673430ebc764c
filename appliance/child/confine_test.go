//go:build !race

// A program with C in it, as the race detector makes one, cannot set anything for all threads.

package child

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// confined, in the environment, has the test binary confine itself.
const confined = "LIMPID_TEST_CONFINED"

func TestMain(m *testing.M) {
	if os.Getenv(confined) == "" {
		os.Exit(m.Run())
	}
	for range 4 {
		ready := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(ready)
			select {}
		}()
		<-ready
	}
	if err := Confine(); err != nil {
		println(err.Error())
		os.Exit(1)
	}
	names, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(names) < 4 {
		println("only", len(names), "threads")
		os.Exit(1)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(text), "NoNewPrivs:\t1\n") {
			println(name, string(text))
			os.Exit(1)
		}
	}
}

// TestConfineIsOfAllThreads: the kernel keeps no_new_privs for each thread by itself.
func TestConfineIsOfAllThreads(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), confined+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
