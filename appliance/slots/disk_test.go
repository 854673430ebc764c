package slots

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plug adds a disk with these partitions to a folder like /sys.
func plug(t *testing.T, sysfs, disk string, labels ...string) {
	t.Helper()
	add := func(folder, uevent string) {
		if err := os.MkdirAll(filepath.Join(sysfs, "devices", folder), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(sysfs, "devices", folder, "uevent"), []byte(uevent), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("../../devices", folder), filepath.Join(sysfs, "class/block", filepath.Base(folder))); err != nil {
			t.Fatal(err)
		}
	}
	add("pci/block/"+disk, "MAJOR=8\nDEVNAME="+disk+"\nDEVTYPE=disk\n")
	for i, label := range labels {
		name := fmt.Sprintf("%s%d", disk, i+1)
		uevent := fmt.Sprintf("MAJOR=8\nDEVNAME=%s\nDEVTYPE=partition\nPARTN=%d\n", name, i+1)
		if label != "" {
			uevent += "PARTNAME=" + label + "\n"
		}
		add("pci/block/"+disk+"/"+name, uevent)
	}
}

func TestFindDisk(t *testing.T) {
	sysfs := t.TempDir()
	if err := os.MkdirAll(filepath.Join(sysfs, "class/block"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := FindDisk(sysfs); err == nil || !strings.Contains(err.Error(), "none has") {
		t.Error(err)
	}
	plug(t, sysfs, "sda", "EFI system", "", "limpid-data")
	plug(t, sysfs, "sdb", "limpid-esp", "limpid-a")
	if disk, err := FindDisk(sysfs); err == nil {
		t.Errorf("half a disk is found: %v", disk)
	}
	plug(t, sysfs, "sdc", "limpid-esp", "limpid-a", "limpid-b", "limpid-data")
	want := Disk{"sdc", map[string]string{"limpid-esp": "/dev/sdc1", "limpid-a": "/dev/sdc2", "limpid-b": "/dev/sdc3", "limpid-data": "/dev/sdc4"}}
	disk, err := FindDisk(sysfs)
	if diff := cmp.Diff(want, disk); err != nil || diff != "" {
		t.Error(err, diff)
	}
	plug(t, sysfs, "sdd", "limpid-esp", "limpid-a", "limpid-b")
	if _, err := FindDisk(sysfs); err == nil || !strings.Contains(err.Error(), "both sdc and sdd") {
		t.Error(err)
	}
}
