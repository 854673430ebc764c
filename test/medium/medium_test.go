package medium

import (
	"testing"
	"time"

	"limpid/test/vm"
)

func TestBootMediumOnARealKernel(t *testing.T) {
	vm.Test(t, "./test/medium/guest", "", vm.Spec{
		Modules:  []string{"loop", "vfat", "nls_cp437", "nls_ascii"},
		Programs: []string{"mkfs.vfat", "sfdisk", "losetup", "grub-editenv"},
		Timeout:  3 * time.Minute,
	})
}
