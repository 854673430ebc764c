package firmware

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The shell that runs what comes in on the second serial line, as root, is in the limpid of tests and not in the product.
// Strings tell them apart: neither has a symbol table.
func TestProductHasNoShell(t *testing.T) {
	for tags, want := range map[string]bool{"": false, "testimage": true} {
		program := filepath.Join(t.TempDir(), "limpid")
		if err := (Image{Root: repository, Tags: tags}).buildLimpid(t.Context(), program); err != nil {
			t.Fatal(err)
		}
		limpid, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		for _, marker := range []string{"/dev/ttyS1", "test shell"} {
			if got := bytes.Contains(limpid, []byte(marker)); got != want {
				t.Errorf("limpid built with tags %q holds %q: %v, want %v", tags, marker, got, want)
			}
		}
	}
}
