//go:build !race

package bundle

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A key of ours with a password is one of minisign's. So much is spent on who
// guesses that it takes 1 GiB of memory and some seconds, and under the race
// detector, which has nothing to find in scrypt, two minutes: the run without it
// has this test.
func TestNewKeyIsMinisigns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	public, private, err := NewKey("a secret")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"k.pub": public, "k.key": private, "text": []byte("text")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), "minisign", "-S", "-s", "k.key", "-m", "text")
	command.Dir, command.Stdin = dir, strings.NewReader("a secret\n")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("minisign: %v: %s", err, out)
	}
	run(t, dir, "minisign", "-V", "-p", "k.pub", "-m", "text")
}
