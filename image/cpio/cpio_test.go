package cpio_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"limpid/image/cpio"
)

// small gives a tree with an entry of every kind, added in an order that is not theirs.
func small(t *testing.T) *cpio.Tree {
	t.Helper()
	tree := cpio.NewTree()
	for _, err := range []error{
		tree.File("/usr/bin/tool", []byte("#!/bin/sh\n"), 0o755),
		tree.Symlink("/init", "/usr/bin/tool"),
		tree.Dir("/tmp", 0o1777),
		tree.Device("/dev/console", 0o600, 5, 1),
		tree.File("/etc/empty", nil, 0o644),
		tree.Dir("/usr", 0o700), // after /usr/bin made it
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

func TestCpioReadsTheArchive(t *testing.T) {
	archive, err := small(t).Pack(time.Unix(1767225600, 0))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "cpio", "--list", "--verbose", "--numeric-uid-gid", "--quiet")
	cmd.Stdin = bytes.NewReader(archive)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(out)) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"drwxr-xr-x 2 0 0 0 Jan 1 2026 dev",
		"crw------- 1 0 0 5, 1 Jan 1 2026 dev/console",
		"drwxr-xr-x 2 0 0 0 Jan 1 2026 etc",
		"-rw-r--r-- 1 0 0 0 Jan 1 2026 etc/empty",
		"lrwxrwxrwx 1 0 0 13 Jan 1 2026 init -> /usr/bin/tool",
		"drwxrwxrwt 2 0 0 0 Jan 1 2026 tmp",
		"drwx------ 2 0 0 0 Jan 1 2026 usr",
		"drwxr-xr-x 2 0 0 0 Jan 1 2026 usr/bin",
		"-rwxr-xr-x 1 0 0 10 Jan 1 2026 usr/bin/tool",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cpio lists (-want +got):\n%s", diff)
	}
}

func TestGRUBReadsTheArchive(t *testing.T) {
	archive, err := small(t).Pack(time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "archive")
	if err := os.WriteFile(file, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "grub-fstest", file, "cat", "/usr/bin/tool").CombinedOutput()
	if err != nil || string(out) != "#!/bin/sh\n" {
		t.Errorf("grub-fstest: %v, %q", err, out)
	}
}

func TestEqualTreesGiveEqualArchives(t *testing.T) {
	first, err := small(t).Pack(time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	second, err := small(t).Pack(time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two archives of one tree differ")
	}
	if _, err := small(t).Pack(time.Unix(-1, 0)); err == nil {
		t.Error("a time before 1970 was packed")
	}
}

func TestTreeRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		add  func(*cpio.Tree) error
		want string
	}{
		{"a relative path", func(t *cpio.Tree) error { return t.File("etc/x", nil, 0o644) }, "absolute"},
		{"a path that climbs", func(t *cpio.Tree) error { return t.File("/etc/../x", nil, 0o644) }, "clean"},
		{"the root", func(t *cpio.Tree) error { return t.Dir("/", 0o755) }, "clean"},
		{"a file twice", func(t *cpio.Tree) error { return t.File("/etc/empty", nil, 0o644) }, "already"},
		{"a folder over a file", func(t *cpio.Tree) error { return t.Dir("/etc/empty", 0o755) }, "already"},
		{"a file below a file", func(t *cpio.Tree) error { return t.File("/etc/empty/x", nil, 0o644) }, "no folder"},
		{"a file below a link", func(t *cpio.Tree) error { return t.File("/init/x", nil, 0o644) }, "no folder"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.add(small(t))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
