package firmware

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The shell that runs what comes in on the second serial line, as root, is in the limpid of tests and not in the product.
// Strings tell them apart: neither has a symbol table.
func TestProductHasNoShell(t *testing.T) {
	for _, marker := range []string{"/dev/ttyS1", "test shell"} {
		for tags, want := range map[string]bool{"": false, "testimage": true} {
			if got := bytes.Contains(buildLimpid(t, tags), []byte(marker)); got != want {
				t.Errorf("limpid built with tags %q holds %q: %v, want %v", tags, marker, got, want)
			}
		}
	}
}

// buildLimpid builds limpid as `make build` does, with tags.
func buildLimpid(t *testing.T, tags string) []byte {
	t.Helper()
	program := filepath.Join(t.TempDir(), "limpid")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-tags", tags, "-ldflags", "-s -w", "-o", program, "./appliance")
	cmd.Dir = repository
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build ./appliance: %v\n%s", err, out)
	}
	limpid, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	return limpid
}
