package falls

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"limpid/appliance/slots"
	"limpid/image/cpio"
	"limpid/image/disk"
	"limpid/image/slot"
	"limpid/test/firmware"
)

// repository is the folder of go.mod.
const repository = "../../.."

// Versions of the firmware in slot a, and of the update.
const (
	oldVersion = "1.0.0"
	newVersion = "1.1.0"
)

const mib = 1 << 20

// world is what all tests share: made once.
type world struct {
	dir   string
	image string // of a disk with oldVersion in both slots
	old   []byte // contents of a slot
	new   []byte
	stick string // folder that a machine sees as a stick
}

var makeWorld = sync.OnceValues(func() (world, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "limpid-falls-*")
	if err != nil {
		return world{}, err
	}
	w := world{dir: dir, image: filepath.Join(dir, "image"), stick: filepath.Join(dir, "stick")}
	if err := errors.Join(os.Mkdir(w.stick, 0o700), build(ctx, w.path("fault"), "./fault"), build(ctx, filepath.Join(w.stick, "send"), "./send")); err != nil {
		return w, err
	}
	if w.old, err = w.firmware(ctx, oldVersion, "-o", w.image); err != nil {
		return w, err
	}
	if w.new, err = w.firmware(ctx, newVersion); err != nil {
		return w, err
	}
	return w, w.bundles(ctx)
})

func TestMain(m *testing.M) {
	code := m.Run()
	if w, err := makeWorld(); w.dir != "" {
		_ = errors.Join(err, os.RemoveAll(w.dir))
	}
	os.Exit(code)
}

func (w world) path(name string) string { return filepath.Join(w.dir, name) }

// command runs a program, whose complaints are in the error.
func command(ctx context.Context, dir string, words ...string) error {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", words, err, out)
	}
	return nil
}

func build(ctx context.Context, to, what string, flags ...string) error {
	words := append([]string{"go", "build", "-trimpath"}, flags...)
	return command(ctx, "", append(words, "-o", to, what)...)
}

// firmware makes a version as make image does, and gives the contents of its slot.
func (w world) firmware(ctx context.Context, version string, flags ...string) ([]byte, error) {
	program, contents := w.path("limpid-"+version), w.path("slot-"+version)
	if err := build(ctx, program, "limpid/appliance", "-ldflags", "-s -w -X main.version="+version); err != nil {
		return nil, err
	}
	words := []string{"go", "run", "./image", "-limpid", program, "-version", version, "-slot", contents}
	if err := command(ctx, repository, append(words, flags...)...); err != nil {
		return nil, err
	}
	return os.ReadFile(contents)
}

// bundles puts onto the stick what the tests send, and the key that the boxes trust.
func (w world) bundles(ctx context.Context) error {
	limpid := w.path("limpid-" + oldVersion)
	for _, key := range []string{"mine", "foreign"} {
		if err := command(ctx, w.dir, limpid, "bundle", "key", "--no-password", key); err != nil {
			return err
		}
	}
	// One that is refused by what its head says need hold nothing that boots.
	if err := os.WriteFile(w.path("small"), make([]byte, 3*mib), 0o600); err != nil {
		return err
	}
	for _, b := range []struct{ name, image, key, version, board string }{
		{"good", "slot-" + newVersion, "mine", newVersion, "x86_64"},
		{"foreign", "small", "foreign", newVersion, "x86_64"},
		{"board", "small", "mine", newVersion, "aarch64"},
		{"older", "small", "mine", "0.9.0", "x86_64"},
		{"short", "small", "mine", newVersion, "x86_64"},
	} {
		if err := command(ctx, w.dir, limpid, "bundle", "make", "--key", b.key+".key", "--version", b.version, "--board", b.board,
			"-o", filepath.Join(w.stick, b.name), b.image); err != nil {
			return err
		}
	}
	public, err := os.ReadFile(w.path("mine.pub"))
	if err != nil {
		return err
	}
	good, err := os.ReadFile(filepath.Join(w.stick, "good"))
	if err != nil {
		return err
	}
	good[len(good)-mib] ^= 1
	return errors.Join(
		os.WriteFile(filepath.Join(w.stick, "update.pub"), public, 0o600),
		os.WriteFile(filepath.Join(w.stick, "flipped"), good, 0o600),
		os.Truncate(filepath.Join(w.stick, "short"), 2*mib),
	)
}

// faulty gives a slot's contents with the new version and a fault.
func (w world) faulty(ctx context.Context, t *testing.T, fault string) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := command(ctx, dir, "cpio", "--extract", "--quiet", "-F", w.path("slot-"+newVersion)); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, name := range []string{slot.KernelName, slot.RootName, slot.OptionsName, slot.ReleaseName} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	program, err := os.ReadFile(w.path("fault"))
	if err != nil {
		t.Fatal(err)
	}
	// The kernel unpacks one archive after the other; one that is not compressed begins at a multiple of four bytes
	// (init/initramfs.c, unpack_to_rootfs).
	tree := cpio.NewTree()
	if err := tree.File("/fault", program, 0o755); err != nil {
		t.Fatal(err)
	}
	more, err := tree.Pack(time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	root := files[slot.RootName]
	root = append(root, make([]byte, (4-len(root)%4)%4)...)
	block, err := slots.ParseBlock(files[slot.OptionsName])
	if err != nil {
		t.Fatal(err)
	}
	options, _ := block.Get("options")
	contents, err := slot.Slot{
		Kernel: files[slot.KernelName], Root: append(root, more...), Options: options + " rdinit=/fault limpid.fault=" + fault,
		Release: string(files[slot.ReleaseName]), Time: time.Unix(0, 0),
	}.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return contents
}

// diskSize leaves some 80 MiB for the box's data.
const diskSize = 400 * mib

// newDisk gives a disk as it is after flashing.
func (w world) newDisk(t *testing.T) *firmware.Disk {
	t.Helper()
	d, err := firmware.CopyDisk(t.Context(), w.image, filepath.Join(t.TempDir(), "disk"), diskSize)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func slotStart(s slots.Slot) int64 {
	if s == slots.B {
		return disk.SlotBStart
	}
	return disk.SlotAStart
}

func slotOf(t *testing.T, d *firmware.Disk, s slots.Slot) []byte {
	t.Helper()
	data, err := d.Read(slotStart(s), disk.SlotSize)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// env gives the boot environment.
func env(t *testing.T, d *firmware.Disk) string {
	t.Helper()
	text, err := d.Env(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return text
}
