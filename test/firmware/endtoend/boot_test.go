package endtoend

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/test/firmware"
	"limpid/test/lab"
	"limpid/test/qemu"
)

const (
	// repository is the folder of go.mod.
	repository = "../../.."
	// patience bounds one boot, or one thing that the box does, on a processor that is emulated and shared with other work.
	patience = 5 * time.Minute
	// diskSize leaves room for the data partition behind the image.
	diskSize = 512 << 20
)

// newBox puts a box with a new disk between a lab's clients and servers, and switches it on.
func newBox(t *testing.T) *firmware.Box {
	t.Helper()
	image, err := firmware.TestImage(t.Context(), repository)
	if err != nil {
		t.Fatal(err)
	}
	disk, err := firmware.CopyDisk(t.Context(), image, filepath.Join(t.TempDir(), "disk.img"), diskSize)
	if err != nil {
		t.Fatal(err)
	}
	b := &firmware.Box{
		Lab: lab.NewWith(t, lab.Options{Machine: true}), Disk: disk,
		Hardware: firmware.Hardware{CPUs: 2, Watchdog: true},
	}
	if err := b.On(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.Kill()
		if t.Failed() {
			t.Logf("the console's last lines:\n%s", qemu.Tail(b.Console()))
		}
	})
	return b
}

// waitInline waits for the end of a boot.
func waitInline(t *testing.T, b *firmware.Box, mark qemu.Mark) control.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := b.WaitInline(ctx, mark)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBox(t *testing.T) {
	b := newBox(t)
	s := waitInline(t, b, 0)
	t.Logf("capture %s, handshake %s", s.Capture, s.Handshake)
	if out, err := b.Shell().Run(t.Context(), "cat /proc/sys/kernel/hostname"); err != nil || out != "limpid\n" {
		t.Errorf("the box says it is %q: %v", out, err)
	}
}
