package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if want == "" && errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil || string(got) != want {
		t.Errorf("%s: %q, %v; want %q", filepath.Base(path), got, err, want)
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, text := range []string{"one", "two, longer", "3"} {
		if err := Replace(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if err := Replace(filepath.Join(dir, "none", "file"), nil, 0o600); err == nil || !strings.HasPrefix(err.Error(), "write ") {
		t.Error(err)
	}
}

// What a power cut has left of a write before is no part of the next.
func TestReplaceAfterACut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "old")
	write(t, path+".new", strings.Repeat("half of what was to be", 1000))
	if err := Replace(path, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "new")
	holds(t, path+".new", "")
}

// A file that cannot be replaced is the old one, and nothing lies about: on a full
// disk least of all.
func TestReplaceThatFails(t *testing.T) {
	t.Run("full", func(t *testing.T) {
		dir := t.TempDir()
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
		path := filepath.Join(dir, "file")
		write(t, path, "old")
		if err := Replace(path, make([]byte, 128<<10), 0o600); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("%v; want no space", err)
		}
		holds(t, path, "old")
		holds(t, path+".new", "")
	})
	t.Run("not a file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.MkdirAll(filepath.Join(path, "folder"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := Replace(path, []byte("new"), 0o600); err == nil {
			t.Error("a folder was replaced")
		}
		holds(t, path+".new", "")
	})
}

func TestRemove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "x")
	for range 2 { // what is gone already is no error
		if err := Remove(path); err != nil {
			t.Error(err)
		}
	}
	holds(t, path, "")
}
