package firmware

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Image says which disk image is wanted.
type Image struct {
	Root    string    // the repository: the folder of go.mod
	Tags    string    // of limpid's build: "testimage" gives it a Shell, "" makes the product
	Version string    // of limpid
	Log     io.Writer // gets what is said while it is made; nil: nobody
	// From is Buildroot's output/images, with a limpid built there, of whatever tags; "": the development profile.
	From string
}

// BuildrootOutput names the folder to take kernel and root file system from instead of Debian's: Buildroot's
// output/images, of a build with BR2_PACKAGE_LIMPID_TEST_HOOK.
const BuildrootOutput = "LIMPID_BUILDROOT"

// TestImage gives the image that `make image` makes, but for a limpid with a Shell, or one of BuildrootOutput. It is made
// once, and found again as long as nothing that it is made of has changed. The file is not to be written to: see CopyDisk.
func TestImage(ctx context.Context, root string) (string, error) {
	return Image{Root: root, Tags: "testimage", Version: "under-test", From: os.Getenv(BuildrootOutput)}.Make(ctx)
}

// Make gives the name of the image's file in the user's cache, and makes it if it is not there.
func (i Image) Make(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "limpid-firmware")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make image cache: %w", err)
	}
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	name := i.name()
	limpid, tool := filepath.Join(dir, name+".limpid"), filepath.Join(dir, "tool")
	source, parts := i.source(limpid)
	parts = append(parts, tool)
	if err := errors.Join(i.buildLimpid(ctx, limpid), i.run(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", tool, "./image")); err != nil {
		return "", err
	}
	key, err := i.key(parts...)
	if err != nil {
		return "", err
	}
	image := filepath.Join(dir, name+"-"+key+".img")
	if _, err := os.Stat(image); err == nil {
		return image, nil
	}
	// Older ones are of no use to anybody. A machine that still runs from one has a copy.
	old, err := filepath.Glob(filepath.Join(dir, name+"-????????????????.img"))
	if err != nil {
		return "", err
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			return "", fmt.Errorf("clear image cache: %w", err)
		}
	}
	half := image + ".part"
	if err := i.run(ctx, tool, append(source, "-version", i.Version, "-o", half)...); err != nil {
		return "", err
	}
	// What was downloaded meanwhile is part of the key.
	if key, err = i.key(parts...); err != nil {
		return "", err
	}
	image = filepath.Join(dir, name+"-"+key+".img")
	if err := os.Rename(half, image); err != nil {
		return "", fmt.Errorf("keep image: %w", err)
	}
	return image, nil
}

// Slot makes what an update to this version writes, without the disk around it, and the limpid that is in it, in a
// folder. From Buildroot's output comes the limpid that was built there, whatever Version says.
func (i Image) Slot(ctx context.Context, dir string) (limpid, slot string, err error) {
	limpid, slot = filepath.Join(dir, "limpid-"+i.Version), filepath.Join(dir, "slot-"+i.Version)
	if err := i.buildLimpid(ctx, limpid); err != nil {
		return "", "", err
	}
	source, _ := i.source(limpid)
	args := append([]string{"run", "./image"}, source...)
	return limpid, slot, i.run(ctx, "go", append(args, "-version", i.Version, "-slot", slot)...)
}

// buildLimpid builds the limpid of the image.
func (i Image) buildLimpid(ctx context.Context, program string) error {
	return i.run(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", i.Tags, "-ldflags", "-s -w -X main.version="+i.Version, "-o", program, "./appliance")
}

// name begins the names of the image's files in the cache.
func (i Image) name() string {
	name := "image"
	if i.Tags != "" {
		name += "-" + i.Tags
	}
	if i.From != "" {
		name += "-buildroot"
	}
	return name
}

// source gives the image command's arguments that say what is to be in the image, and the files that those name.
func (i Image) source(limpid string) (args, files []string) {
	if i.From == "" {
		return []string{"-profile", "dev", "-limpid", limpid}, []string{limpid}
	}
	// A processor that is emulated on a busy host may stand still for so long that the kernel takes it for a hang. And QEMU
	// keeps what it has translated of a page of memory in one list, to which each start of a program that lies at another
	// address adds its own; to clear the page, as firmware does at a reboot, it walks the list for each of them
	// (accel/tcg/translate-all.c, tb_page_remove, 7.2): after some hundred starts of the shell that stands still for good.
	return []string{"-profile", "buildroot", "-from", i.From, "-append", "softlockup_panic=0 norandmaps"},
		[]string{filepath.Join(i.From, "bzImage"), filepath.Join(i.From, "rootfs.cpio.zst")}
}

// key stands for what the image is made of: the command's arguments, files, and Debian's packages in their versions.
func (i Image) key(files ...string) (string, error) {
	sum := sha256.New()
	args, _ := i.source("")
	fmt.Fprintln(sum, args)
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read what the image is made of: %w", err)
		}
		sum.Write(b)
	}
	packages, err := os.ReadDir(filepath.Join(i.Root, ".cache/image"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read what the image is made of: %w", err)
	}
	for _, p := range packages {
		fmt.Fprintln(sum, p.Name())
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

// lock holds a file until the function it returns is called.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock image cache: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock image cache: %w", err), f.Close())
	}
	return func() { f.Close() }, nil
}

// run runs a program in the repository, without C.
func (i Image) run(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = i.Root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if i.Log != nil {
		cmd.Stdout = i.Log
		cmd.Stderr = io.MultiWriter(&said, i.Log)
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s %s: %w\n%s", filepath.Base(program), strings.Join(args, " "), err, said.Bytes())
	}
	return nil
}
