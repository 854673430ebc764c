package slot

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"limpid/image/cpio"
	"limpid/image/grub"
)

// Names of the files in a slot, as grub.cfg asks for them.
const (
	KernelName  = "vmlinuz"
	RootName    = "rootfs"
	OptionsName = "options"
	ReleaseName = "release"
	SumsName    = "sums"
)

// Slot is what a slot's partition holds.
type Slot struct {
	Kernel  []byte // bzImage with the EFI stub
	Root    []byte // initramfs, compressed as the kernel takes it
	Options string // kernel command line, beside what grub.cfg sets
	Release string // os-release(5): version, board
	Time    time.Time
}

// Pack gives the archive.
func (s Slot) Pack() ([]byte, error) {
	// In a block of the boot environment's form, since GRUB reads such a block as data where any other file would be a script.
	options, err := grub.Env(grub.Variable{Name: "options", Value: s.Options})
	if err != nil {
		return nil, fmt.Errorf("pack the kernel's options: %w", err)
	}
	tree := cpio.NewTree()
	var sums strings.Builder
	for _, f := range []struct {
		name string
		data []byte
	}{
		{OptionsName, options}, {ReleaseName, []byte(s.Release)}, {RootName, s.Root}, {KernelName, s.Kernel},
	} {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(f.data), f.name)
		if err := tree.File("/"+f.name, f.data, 0o644); err != nil {
			return nil, err
		}
	}
	if err := tree.File("/"+SumsName, []byte(sums.String()), 0o644); err != nil {
		return nil, err
	}
	return tree.Pack(s.Time)
}
