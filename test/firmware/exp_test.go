package firmware

import (
	"os"
	"os/exec"
	"testing"
	"time"
	"bytes"

	"github.com/klauspost/compress/zstd"
	"limpid/image/cpio"
	"limpid/image/disk"
	"limpid/image/grub"
	"limpid/image/slot"
)

func TestExp(t *testing.T) {
	out, err := exec.Command("env", "CGO_ENABLED=0", "go", "build", "-o", "/tmp/image/init", "./init").CombinedOutput()
	if err != nil { t.Fatal(string(out)) }
	when := time.Unix(1767225600, 0)
	tree := cpio.NewTree()
	b, _ := os.ReadFile("/tmp/image/init")
	tree.File("/init", b, 0o755)
	tree.Dir("/proc", 0o755)
	tree.Dir("/dev", 0o755)
	tree.Device("/dev/console", 0o600, 5, 1)
	p, err := tree.Pack(when)
	if err != nil { t.Fatal(err) }
	var z bytes.Buffer
	w, _ := zstd.NewWriter(&z, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	w.Write(p); w.Close()
	k, err := os.ReadFile(os.Getenv("KERNEL"))
	if err != nil { t.Fatal(err) }
	s, err := slot.Slot{Kernel: k, Root: z.Bytes(), Options: "console=tty0 console=ttyS0,115200 panic=1 limpid.test=" + os.Getenv("ACT"), Release: "x", Time: when}.Pack()
	if err != nil { t.Fatal(err) }
	g, err := grub.Make(t.Context(), grub.ModuleDir, when)
	if err != nil { t.Fatal(err) }
	env, err := grub.FirstEnv()
	if err != nil { t.Fatal(err) }
	f, _ := os.Create("/tmp/image/exp.img")
	f.Truncate(disk.Size)
	err = disk.Image{ESP: []disk.File{{Path: "EFI/BOOT/BOOTX64.EFI", Data: g}, {Path: "limpid/bootenv", Data: env}}, Slot: s, Time: when}.Write(f)
	if err != nil { t.Fatal(err) }
	f.Close()
	t.Log(len(g), len(s), z.Len())
}
