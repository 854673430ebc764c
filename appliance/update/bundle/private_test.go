package bundle

import (
	"errors"
	"os"
	"strings"
	"testing"
)

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
