package kmod

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// Of what the kernel says it has, the files go that are there; others stay, and a second
// time finds nothing.
func TestForget(t *testing.T) {
	x := sample(t)
	x.dir = t.TempDir()
	for _, path := range x.paths {
		full := filepath.Join(x.dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o700), os.WriteFile(full, make([]byte, 1000), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	list := filepath.Join(t.TempDir(), "modules")
	text := "mdio_devres 16384 1 r8169, Live 0x0000000000000000\nr8169 98304 0 - Live 0x0000000000000000\nnot_ours 1 0 - Live 0x0\n"
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if freed, err := x.forget(list); err != nil || freed != 2000 {
		t.Errorf("%d bytes, %v", freed, err)
	}
	for name, path := range x.paths {
		_, err := os.Stat(filepath.Join(x.dir, path))
		if gone := errors.Is(err, fs.ErrNotExist); gone != (name == "mdio_devres" || name == "r8169") {
			t.Errorf("%s is gone: %v", name, gone)
		}
	}
	if freed, err := x.forget(list); err != nil || freed != 0 {
		t.Errorf("again: %d bytes, %v", freed, err)
	}
	if _, err := x.forget(list + ".none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no list: %v", err)
	}
}

// A kernel without modules has no folder for them.
func TestForgetWithoutModules(t *testing.T) {
	x, err := Read(filepath.Join(t.TempDir(), "none"))
	if err != nil {
		t.Fatal(err)
	}
	if freed, err := NewLoader(x).Forget("/proc"); freed != 0 || err != nil {
		t.Errorf("%d, %v", freed, err)
	}
}

// A disk's files are never removed.
func TestForgetOnADisk(t *testing.T) {
	memory, disk := "/dev/shm", "/proc/self"
	for dir, want := range map[string]bool{memory: true, disk: false} {
		if got, err := inMemory(dir); err != nil || got != want {
			t.Errorf("%s in memory: %v, %v", dir, got, err)
		}
	}
	if _, err := inMemory("/none"); !errors.Is(err, unix.ENOENT) {
		t.Error(err)
	}
	l := NewLoader(&Index{dir: disk, paths: map[string]string{"bridge": "kernel/net/bridge.ko"}})
	if freed, err := l.Forget("/none"); freed != 0 || err != nil {
		t.Errorf("%d, %v", freed, err)
	}
}
