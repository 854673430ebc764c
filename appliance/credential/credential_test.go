package credential

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func day(year int) time.Time { return time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC) }

func certificate(t *testing.T, s *Store, now time.Time) Certificate {
	t.Helper()
	c, err := s.Certificate(now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCertificateIsKept(t *testing.T) {
	dir := t.TempDir()
	first := certificate(t, Open(dir), day(2026))
	if again := certificate(t, Open(dir), day(2030)); again != first {
		t.Errorf("another start, another certificate: %s, %s", first.Fingerprint, again.Fingerprint)
	}
	path := filepath.Join(dir, certificateName)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	later := certificate(t, Open(dir), day(2037))
	if later.Fingerprint == first.Fingerprint || !later.Until.After(day(2037)) {
		t.Errorf("an expired one is used on: %+v", later)
	}
	for name, text := range map[string]string{"cut": later.Chain, "empty": "", "noise": "\x00\xff", "another key": first.Key + later.Chain} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		made := certificate(t, Open(dir), day(2037))
		if made.Fingerprint == later.Fingerprint || certificate(t, Open(dir), day(2037)) != made {
			t.Errorf("%s: %+v", name, made)
		}
	}
}

// A box whose clock was not set yet makes a certificate that is good once it is.
func TestCertificateOfABoxWithoutClock(t *testing.T) {
	c := certificate(t, Open(t.TempDir()), time.Unix(0, 0))
	block, _ := pem.Decode([]byte(c.Chain))
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if parsed.NotAfter.Before(day(2035)) || parsed.IsCA || parsed.VerifyHostname("limpid.local") != nil {
		t.Errorf("good from %v until %v, for %v", parsed.NotBefore, parsed.NotAfter, parsed.DNSNames)
	}
}

// Without the folder all is in memory, and the same as long as the process.
func TestMemory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	s := Open(dir)
	first := certificate(t, s, day(2026))
	if err := s.SetPassword("", "hash"); err != nil {
		t.Fatal(err)
	}
	if hash, err := s.Password(); hash != "hash" || err != nil || certificate(t, s, day(2026)) != first {
		t.Errorf("%q, %v", hash, err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder was made")
	}
}

// A disk that takes nothing costs nothing but that the certificate changes.
// A folder that cannot be looked at is no folder that is not there: nobody sets the first password for it.
func TestUnreadableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if hash, err := Open(filepath.Join(file, "credentials")).Password(); err == nil {
		t.Errorf("the password is %q", hash)
	}
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	// In the way of what is written aside.
	for _, name := range []string{certificateName, passwordName} {
		if err := os.Mkdir(filepath.Join(dir, name+".new"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s := Open(dir)
	first, err := s.Certificate(day(2026))
	if err == nil || first.Fingerprint == "" {
		t.Errorf("%+v, %v", first, err)
	}
	if err := s.SetPassword("", "hash"); err == nil {
		t.Error("a password was said to be kept that was not")
	}
}

func TestPassword(t *testing.T) {
	dir := t.TempDir()
	s := Open(dir)
	if hash, err := s.Password(); hash != "" || err != nil {
		t.Errorf("a new box has %q, %v", hash, err)
	}
	if err := s.SetPassword("", "one"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetPassword("", "two"); !errors.Is(err, ErrChanged) {
		t.Errorf("two set the first: %v", err)
	}
	if err := s.SetPassword("one", "three"); err != nil {
		t.Fatal(err)
	}
	if hash, err := Open(dir).Password(); hash != "three" || err != nil {
		t.Errorf("%q, %v", hash, err)
	}
	// What the console does.
	if err := os.Remove(filepath.Join(dir, passwordName)); err != nil {
		t.Fatal(err)
	}
	if hash, err := s.Password(); hash != "" || err != nil {
		t.Errorf("after the reset %q, %v", hash, err)
	}
}

func TestStarted(t *testing.T) {
	for name, dir := range map[string]string{"on disk": t.TempDir(), "in memory": filepath.Join(t.TempDir(), "none")} {
		s := Open(dir)
		for _, want := range []bool{false, true, true, false} {
			if err := s.SetStarted(want); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got, err := s.Started(); got != want || err != nil {
				t.Errorf("%s: %v, %v, want %v", name, got, err, want)
			}
		}
	}
	dir := t.TempDir()
	if err := Open(dir).SetStarted(true); err != nil {
		t.Fatal(err)
	}
	if got, err := Open(dir).Started(); !got || err != nil {
		t.Errorf("after a new start: %v, %v", got, err)
	}
}
