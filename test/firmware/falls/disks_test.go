package falls

import (
	"os"
	"testing"
)

// A box with another disk of limpid's, flashed with the same image and used before, has its settings and its boots on the
// disk that it was booted from; the other is not touched. Of a new disk and from its second boot on.
func TestAnotherDisk(t *testing.T) {
	t.Parallel() // most of it is waiting
	w, err := makeWorld()
	if err != nil {
		t.Fatal(err)
	}
	ctx := limited(t)
	booted, other := w.newDisk(t), w.newDisk(t)
	if err := other.AddData(ctx, "4D8B3A52-0B7E-4F0E-9A36-0D2F6C1F4B11"); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(other.File)
	if err != nil {
		t.Fatal(err)
	}
	// The kernel calls it sda, and so finds it before vda.
	more := []string{"-drive", "if=none,id=other,format=raw,file=" + other.File, "-device", "usb-storage,drive=other,bus=xhci.0,bootindex=2"}
	for _, data := range []string{"new=true", "new=false"} {
		b := start(ctx, t, w, booted, more...)
		b.expect("limpid: slot a, boots left after this one")
		b.expect("msg=disk name=vda ")
		b.expect(`msg="data partition" device=/dev/vda4 ` + data)
		b.expect("INLINE since")
		b.shell()
		b.must("grep -q sda4 /proc/partitions")
		b.committed()
		b.must("sync")
		b.m.Kill()
	}
	if got := env(t, booted); got != "order=ab left_a=8 left_b=8" {
		t.Errorf("the boot environment of the disk that was booted: %q", got)
	}
	if after, err := os.ReadFile(other.File); err != nil || string(after) != string(before) {
		t.Errorf("the other disk has changed: %v", err)
	}
}
