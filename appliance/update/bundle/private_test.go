package bundle

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A key of ours with a password is one of minisign's. (This takes some seconds
// and 1 GiB of memory: so much is spent on who guesses.)
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

func TestReadKey(t *testing.T) {
	// Encrypted by minisign's rules with the least there is to compute.
	private, err := os.ReadFile("testdata/cheap.key")
	if err != nil {
		t.Fatal(err)
	}
	public, err := os.ReadFile("testdata/cheap.pub")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ParseKeys(string(public))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ReadKey(private, func() (string, error) { return "a secret", nil })
	if err != nil || !keys[0].Equal(key.Public()) {
		t.Errorf("%v, %v", key.Public(), err)
	}
	if _, err := ReadKey(private, func() (string, error) { return "another", nil }); err == nil || !strings.Contains(err.Error(), "wrong password") {
		t.Error(err)
	}
	none := errors.New("no terminal")
	if _, err := ReadKey(private, func() (string, error) { return "", none }); !errors.Is(err, none) {
		t.Error(err)
	}
	never := func() (string, error) { t.Error("a password was asked for"); return "", none }
	if _, err := ReadKey(public, never); err == nil {
		t.Error("a public key was read as a private one")
	}
	public, private, err = NewKey("")
	if err != nil {
		t.Fatal(err)
	}
	if keys, err = ParseKeys(string(public)); err != nil {
		t.Fatal(err)
	}
	if key, err = ReadKey(private, never); err != nil || !keys[0].Equal(key.Public()) {
		t.Errorf("%v, %v", key.Public(), err)
	}

}
