package lab

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestCopiesStartAtOnce copies a program and starts the copy, many times over and
// in parallel: no child of one may hold the file of another open.
func TestCopiesStartAtOnce(t *testing.T) {
	program, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	dir, errs := t.TempDir(), make(chan error)
	const atOnce, each = 8, 40
	for n := range atOnce {
		go func() {
			var failed error
			for i := range each {
				path := filepath.Join(dir, fmt.Sprintf("%d-%d", n, i))
				if failed = copyProgram(program, path); failed == nil {
					failed = exec.CommandContext(t.Context(), path).Run()
				}
				if failed != nil {
					break
				}
			}
			errs <- failed
		}()
	}
	for range atOnce {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
