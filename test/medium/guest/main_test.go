package guest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"limpid/test/vm"
)

func TestMain(m *testing.M) {
	if !vm.Inside() {
		fmt.Println("test/medium/guest: run by the test of test/medium inside its machine, not here")
		return
	}
	os.Exit(m.Run())
}

// command runs a program and gives its output; any failure ends the test.
func command(t *testing.T, input string, words ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), words[0], words[1:]...)
	c.Stdin = strings.NewReader(input)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", words, err, out)
	}
	return strings.TrimSpace(string(out))
}

const mib = 1 << 20

// medium is a disk: a file behind a loop device, partitioned as a box's is but
// smaller, and a file system on its first partition.
type medium struct {
	file   string // what a disk's platter would be
	device string
	start  [4]int64 // of each partition, in bytes
}

func newMedium(t *testing.T) medium {
	t.Helper()
	m := medium{file: filepath.Join(t.TempDir(), "disk"), start: [4]int64{1 * mib, 41 * mib, 49 * mib, 57 * mib}}
	if err := os.WriteFile(m.file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(m.file, 80*mib); err != nil {
		t.Fatal(err)
	}
	command(t, "label: gpt\nstart=1MiB, size=40MiB, name=limpid-esp\nsize=8MiB, name=limpid-a\nsize=8MiB, name=limpid-b\nsize=8MiB, name=limpid-data\n", "sfdisk", "--quiet", m.file)
	m.device = command(t, "", "losetup", "--find", "--show", "--partscan", m.file)
	t.Cleanup(func() {
		if out, err := exec.Command("losetup", "-d", m.device).CombinedOutput(); err != nil { //nolint:noctx // the test's context is over
			t.Errorf("losetup -d: %v: %s", err, out)
		}
	})
	command(t, "", "mkfs.vfat", "-F", "32", "-s", "1", m.device+"p1")
	return m
}

// mount mounts the first partition and gives where.
func (m medium) mount(t *testing.T) string {
	t.Helper()
	at := t.TempDir()
	if err := unix.Mount(m.device+"p1", at, "vfat", unix.MS_NOATIME, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(at, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return at
}

// content is what the disk holds now, beneath all caches but the host's.
func (m medium) content(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(m.file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
