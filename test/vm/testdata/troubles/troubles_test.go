// Package troubles holds tests that end in every way a test can end. They run only inside the test VM.
package troubles

import (
	"fmt"
	"os"
	"testing"
	"time"

	"limpid/test/vm"
)

func TestMain(m *testing.M) {
	if !vm.Inside() {
		fmt.Fprintln(os.Stderr, "troubles: these tests crash the machine they run on: only inside the test VM")
		os.Exit(2)
	}
	os.Exit(m.Run())
}

func TestPasses(t *testing.T) {
	t.Log("all is well")
}

func TestFails(t *testing.T) {
	t.Run("good child", func(t *testing.T) {})
	t.Run("bad child", func(t *testing.T) { t.Error("two and two is five") })
}

func TestSkips(t *testing.T) {
	t.Skip("no reason that anybody allowed")
}

func TestMaySkip(t *testing.T) {
	t.Skip("a reason that is allowed")
}

func TestParallel(t *testing.T) {
	for _, name := range []string{"a", "b", "c"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := range 3 {
				t.Logf("%s says %d", name, n)
				time.Sleep(time.Millisecond)
			}
		})
	}
}

func TestHangs(t *testing.T) {
	t.Log("now waiting for nothing")
	time.Sleep(time.Hour)
}

func TestPanicsTheKernel(t *testing.T) {
	t.Log("now crashing the kernel")
	time.Sleep(3 * time.Second) // for that to be passed on: a busy machine takes its time
	if err := os.WriteFile("/proc/sysrq-trigger", []byte("c"), 0); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Hour)
}
