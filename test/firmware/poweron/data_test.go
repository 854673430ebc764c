package poweron

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// dataFS makes a file system for a data partition of a size, with settings in it:
// the ports the other way round, so that it shows which settings run.
func dataFS(t *testing.T, size int64) string {
	t.Helper()
	files := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(files, "config"), 0o700),
		os.WriteFile(filepath.Join(files, "config/limpid.toml"), []byte("[bridge]\nports = [\"eth1\", \"eth0\"]\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "data")
	run(t, "", "mke2fs", "-q", "-t", "ext4", "-b", "4096", "-m", "0", "-L", "limpid-data", "-d", files, name, strconv.FormatInt(size/1024, 10)+"k")
	return name
}

// overwrite fills part of a file with what is no file system.
func overwrite(t *testing.T, name string, at int64, length int) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	noise := make([]byte, length)
	_, _ = rand.Read(noise)
	if _, err := f.WriteAt(noise, at); err != nil {
		t.Fatal(err)
	}
}

// fill leaves no room in a file system.
func fill(t *testing.T, name string) {
	t.Helper()
	for _, size := range []int{8 << 20, 1 << 20, 64 << 10, 4 << 10} {
		file := filepath.Join(t.TempDir(), "filler")
		if err := os.WriteFile(file, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		overwrite(t, file, 0, size) // zeros would take no room
		for i := 0; ; i++ {
			out := run(t, "", "debugfs", "-w", "-R", fmt.Sprintf("write %s filler-%d-%d", file, size, i), name)
			if strings.Contains(out, "Could not allocate block") || strings.Contains(out, "No free space") {
				break
			}
			if i > 1000 {
				t.Fatalf("debugfs does not fill %s: %s", name, out)
			}
		}
	}
	// What did not fit wholly is removed by a check, which leaves less than 4 KiB in all.
	run(t, "", "sh", "-c", "e2fsck -fy "+name+"; test $? -lt 4")
}

// Whatever is wrong with the disk, the wire is there first, and the box gets to inline and says what is wrong.
func TestBrokenDisk(t *testing.T) {
	const size = 80
	own, swapped := "clients      eth0 up", "clients      eth1 up"
	for name, c := range map[string]struct {
		disk func(t *testing.T) *NBD
		want []string
	}{
		"none at all": {func(*testing.T) *NBD { return nil },
			[]string{own, "in memory, lost with the power", "! disk: look for disks: none has limpid's partitions"}},
		"no room for a data partition": {func(t *testing.T) *NBD { return newDisk(t, 40).nbd() },
			[]string{own, "in memory, lost with the power", "! data: make data partition: no room on vda"}},
		"overwritten": {func(t *testing.T) *NBD {
			d := newDisk(t, size)
			fs := dataFS(t, d.dataSize())
			overwrite(t, fs, 0, 20*mib)
			d.addData(t, fs)
			return d.nbd()
		}, []string{own, "in memory, lost with the power", "! data: data partition /dev/vda4 is damaged, or holds something"}},
		"damaged": {func(t *testing.T) *NBD {
			d := newDisk(t, 200) // large enough for a spare superblock
			fs := dataFS(t, d.dataSize())
			overwrite(t, fs, 4096, 4096) // the descriptors of groups
			d.addData(t, fs)
			return d.nbd()
		}, []string{swapped, "on disk", "! disk vda: data partition was damaged and has been repaired"}},
		"full": {func(t *testing.T) *NBD {
			d := newDisk(t, size)
			fs := dataFS(t, d.dataSize())
			fill(t, fs)
			d.addData(t, fs)
			return d.nbd()
		}, []string{swapped, "on disk", "! disk vda: data partition is full: settings cannot be saved"}},
		"read-only": {func(t *testing.T) *NBD {
			d := newDisk(t, size)
			d.addData(t, dataFS(t, d.dataSize()))
			disk := d.nbd()
			disk.ReadOnly = true
			return disk
		}, []string{swapped, "read from a disk that refuses writes", "! disk vda: disk vda is read-only"}},
		"unreadable": {func(t *testing.T) *NBD {
			d := newDisk(t, size)
			d.addData(t, dataFS(t, d.dataSize()))
			disk := d.nbd()
			disk.Watch = func(a Access) error {
				if a.within(dataStart, d.dataSize()) {
					return errors.New("bad sector")
				}
				return nil
			}
			return disk
		}, []string{own, "in memory, lost with the power", "! data: read data partition"}},
	} {
		t.Run(name, func(t *testing.T) {
			m, ctx, arrived, held := wireFirst(t, c.disk(t))
			// The serial line is slow: the rest of the screen comes after its first line.
			for _, want := range append([]string{"INLINE since"}, c.want...) {
				if _, err := m.Expect(ctx, want); err != nil {
					t.Fatal(err)
				}
			}
			select {
			case <-arrived:
			case <-ctx.Done():
				t.Error("no frame has crossed")
			}
			t.Logf("%d requests of the disk were held back", held.Load())
		})
	}
}
