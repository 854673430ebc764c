package credential

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// owned is a store with a password, on a disk.
func owned(t *testing.T) (s *Store, dir string) {
	t.Helper()
	dir = t.TempDir()
	s = Open(dir)
	if err := s.SetPassword("", "hash"); err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func token(name string) Token {
	sum := sha256.Sum256([]byte(name))
	return Token{Name: name, Scope: "read", Digest: hex.EncodeToString(sum[:]), Made: day(2026)}
}

func add(t *testing.T, s *Store, name string) Token {
	t.Helper()
	made, err := s.AddToken(token(name))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func namesOf(t *testing.T, s *Store) string {
	t.Helper()
	all, err := s.Tokens()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, one := range all {
		names = append(names, one.Name)
	}
	return strings.Join(names, ",")
}

func TestTokens(t *testing.T) {
	s, dir := owned(t)
	if got := namesOf(t, s); got != "" {
		t.Errorf("a new box has %s", got)
	}
	first, second := add(t, s, "backup"), add(t, s, "graphs")
	if first.ID == "" || first.ID == second.ID || !strings.HasPrefix(first.Digest, first.ID) {
		t.Errorf("%+v, %+v", first, second)
	}
	if _, err := s.AddToken(token("backup")); !errors.Is(err, ErrTokenName) {
		t.Errorf("twice: %v", err)
	}
	if got := namesOf(t, Open(dir)); got != "backup,graphs" {
		t.Errorf("after another start: %s", got)
	}
	if info, err := os.Stat(filepath.Join(dir, tokensName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := s.RemoveToken(first.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveToken(first.ID); !errors.Is(err, ErrNoToken) {
		t.Errorf("revoked twice: %v", err)
	}
	if got := namesOf(t, Open(dir)); got != "graphs" {
		t.Errorf("after one was revoked: %s", got)
	}
	for i := range MaxTokens - 1 {
		add(t, s, fmt.Sprint("more ", i))
	}
	if _, err := s.AddToken(token("one too many")); !errors.Is(err, ErrTokens) {
		t.Errorf("one more: %v", err)
	}
}

// The last use is known at once, and written once an hour.
func TestTokenUse(t *testing.T) {
	s, dir := owned(t)
	id := add(t, s, "graphs").ID
	used := func(s *Store) time.Time {
		all, err := s.Tokens()
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		return all[0].Used
	}
	if at := used(s); !at.IsZero() {
		t.Errorf("never used, and used at %v", at)
	}
	begin := day(2026)
	for _, c := range []struct{ at, disk time.Time }{
		{begin, begin}, {begin.Add(time.Minute), begin}, {begin.Add(time.Hour), begin.Add(time.Hour)}, {begin.Add(90 * time.Minute), begin.Add(time.Hour)},
		{begin.Add(-time.Hour), begin.Add(-time.Hour)}, // a clock that was set
	} {
		if err := s.UseToken(id, c.at); err != nil {
			t.Fatal(err)
		}
		if now, disk := used(s), used(Open(dir)); !now.Equal(c.at) || !disk.Equal(c.disk) {
			t.Errorf("used at %v: %v, on the disk %v", c.at, now, disk)
		}
	}
	if err := s.UseToken("none", begin); !errors.Is(err, ErrNoToken) {
		t.Errorf("no token: %v", err)
	}
}

func TestReader(t *testing.T) {
	s, dir := owned(t)
	if err := s.SetReader("", "one"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetReader("", "two"); !errors.Is(err, ErrChanged) {
		t.Errorf("two set the first: %v", err)
	}
	if hash, err := Open(dir).Reader(); hash != "one" || err != nil {
		t.Errorf("%q, %v", hash, err)
	}
	if err := s.SetReader("one", ""); err != nil {
		t.Fatal(err)
	}
	if hash, err := Open(dir).Reader(); hash != "" || err != nil {
		t.Errorf("removed, and %q, %v", hash, err)
	}
}

// Who resets the password at the box begins anew: nothing that the owner before has
// given out holds, neither meanwhile nor afterwards.
func TestResetTakesAll(t *testing.T) {
	for name, open := range map[string]func(*testing.T) (*Store, func()){
		"disk": func(t *testing.T) (*Store, func()) {
			s, dir := owned(t)
			return s, func() {
				if err := os.Remove(filepath.Join(dir, passwordName)); err != nil {
					t.Fatal(err)
				}
			}
		},
		"memory": func(t *testing.T) (*Store, func()) {
			s := Open(filepath.Join(t.TempDir(), "none"))
			if err := s.SetPassword("", "hash"); err != nil {
				t.Fatal(err)
			}
			return s, func() { delete(s.memory, passwordName) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, reset := open(t)
			add(t, s, "graphs")
			if err := s.SetReader("", "reader"); err != nil {
				t.Fatal(err)
			}
			if err := s.SetPassword("hash", "another"); err != nil {
				t.Fatal(err)
			}
			if hash, err := s.Reader(); hash != "reader" || err != nil || namesOf(t, s) != "graphs" {
				t.Errorf("a changed password takes tokens or reader along: %q, %v", hash, err)
			}
			reset()
			if hash, err := s.Reader(); hash != "" || err != nil || namesOf(t, s) != "" {
				t.Errorf("without a password: reader %q, %v, tokens %q", hash, err, namesOf(t, s))
			}
			if _, err := s.AddToken(token("early")); !errors.Is(err, ErrUnowned) || !errors.Is(s.SetReader("", "x"), ErrUnowned) {
				t.Errorf("given out by nobody: %v", err)
			}
			if err := s.SetPassword("", "fresh"); err != nil {
				t.Fatal(err)
			}
			if hash, err := s.Reader(); hash != "" || err != nil || namesOf(t, s) != "" {
				t.Errorf("of the owner before: reader %q, %v, tokens %q", hash, err, namesOf(t, s))
			}
		})
	}
}

// A damaged file lets nobody in, and keeps nobody from making another one.
func TestTokensAreDamaged(t *testing.T) {
	s, dir := owned(t)
	add(t, s, "graphs")
	if err := os.WriteFile(filepath.Join(dir, tokensName), []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := namesOf(t, s); got != "" {
		t.Errorf("%s", got)
	}
	add(t, s, "again")
	if got := namesOf(t, Open(dir)); got != "again" {
		t.Errorf("%s", got)
	}
}
