package medium

import (
	"testing"
	"time"

	"limpid/test/lab"
	"limpid/test/vm"
)

func TestBootMediumOnARealKernel(t *testing.T) {
	limpid, err := lab.Binary(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	vm.Test(t, "./test/medium/guest", "", vm.Spec{
		Modules:  []string{"loop", "vfat", "nls_cp437", "nls_ascii"},
		Programs: []string{"mkfs.vfat", "sfdisk", "losetup", "mount", "grub-editenv", "cpio", "cp", "ip"},
		Files:    map[string]string{"/usr/local/bin/limpid": limpid},
		Timeout:  8 * time.Minute,
	})
}
