package firmware

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"limpid/image/cpio"
	"limpid/image/debian"
	"limpid/image/disk"
	"limpid/image/grub"
	"limpid/image/slot"
)

// cacheDir is where `make image` keeps Debian's packages too.
const cacheDir = "../../.cache/image"

// parts are what all disks of the tests are made of: they are made once.
type parts struct {
	kernel, root, boot []byte
}

var makeParts = sync.OnceValues(func() (parts, error) {
	ctx := context.Background()
	store := debian.Store{Dir: cacheDir, Log: slog.Default()}
	k, err := store.Kernel(ctx, debian.KernelPackage)
	if err != nil {
		return parts{}, err
	}
	kernel, err := k.ReadImage()
	if err != nil {
		return parts{}, err
	}
	root, err := testRoot(ctx)
	if err != nil {
		return parts{}, err
	}
	boot, err := grub.Make(ctx, grub.ModuleDir, time.Unix(0, 0))
	return parts{kernel, root, boot}, err
})

// testRoot gives a root file system that holds the test's process 1 and nothing else.
func testRoot(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp("", "limpid-firmware-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := compileInit(ctx, filepath.Join(dir, "init")); err != nil {
		return nil, err
	}
	program, err := os.ReadFile(filepath.Join(dir, "init"))
	if err != nil {
		return nil, err
	}
	tree := cpio.NewTree()
	for _, step := range []func() error{
		func() error { return tree.File("/init", program, 0o755) },
		func() error { return tree.Dir("/proc", 0o755) },
		func() error { return tree.Device("/dev/console", 0o600, 5, 1) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	archive, err := tree.Pack(time.Unix(0, 0))
	if err != nil {
		return nil, err
	}
	w, err := zstd.NewWriter(nil)
	if err != nil {
		return nil, err
	}
	return w.EncodeAll(archive, nil), nil
}

// compileInit builds the process 1 of folder init.
func compileInit(ctx context.Context, program string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./init")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./init: %w\n%s", err, out)
	}
	return nil
}

// testDisk is a disk under test.
type testDisk struct{ *Disk }

// newDisk makes a disk whose slots do what a and b say (off, reboot, panic): see the process 1 in folder init.
func newDisk(t *testing.T, a, b string) *testDisk {
	t.Helper()
	p, err := makeParts()
	if err != nil {
		t.Fatal(err)
	}
	env, err := grub.FirstEnv()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "disk.img")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(disk.Size); err != nil {
		t.Fatal(err)
	}
	image := disk.Image{
		ESP:  []disk.File{{Path: "EFI/BOOT/BOOTX64.EFI", Data: p.boot}, {Path: "limpid/bootenv", Data: env}},
		Slot: testSlot(t, p, a), Time: time.Unix(0, 0),
	}
	if err := image.Write(f); err != nil {
		t.Fatal(err)
	}
	if b != a {
		if _, err := f.WriteAt(testSlot(t, p, b), disk.SlotBStart); err != nil {
			t.Fatal(err)
		}
	}
	d, err := OpenDisk(file)
	if err != nil {
		t.Fatal(err)
	}
	return &testDisk{d}
}

// testSlot gives the contents of a slot.
func testSlot(t *testing.T, p parts, what string) []byte {
	t.Helper()
	// A panic reboots at once rather than after ten seconds.
	options := "console=ttyS0,115200 loglevel=4 panic=-1 limpid.test=" + what
	contents, err := slot.Slot{Kernel: p.kernel, Root: p.root, Options: options, Release: what, Time: time.Unix(0, 0)}.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return contents
}

// write changes bytes of the disk.
func (d *testDisk) write(t *testing.T, at int64, b []byte) {
	t.Helper()
	if err := d.Write(at, b); err != nil {
		t.Fatal(err)
	}
}

// setEnv writes a boot environment such as "order=ab left_a=8 left_b=8".
func (d *testDisk) setEnv(t *testing.T, state string) {
	t.Helper()
	if err := d.SetEnv(state); err != nil {
		t.Fatal(err)
	}
}

// readEnv gives the boot environment as GRUB's own tool reads it.
func (d *testDisk) readEnv(t *testing.T) string {
	t.Helper()
	state, err := d.Env(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// find gives where in a slot's partition a file's bytes begin.
func (d *testDisk) find(t *testing.T, partition int64, file []byte) int64 {
	t.Helper()
	at := bytes.Index(d.read(t, partition, 32<<20), file)
	if at < 0 {
		t.Fatal("the slot does not hold that file")
	}
	return partition + int64(at)
}

// read gives bytes of the disk.
func (d *testDisk) read(t *testing.T, at int64, n int) []byte {
	t.Helper()
	b, err := d.Read(at, n)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
