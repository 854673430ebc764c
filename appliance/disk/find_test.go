package disk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sysfs makes a folder like /sys of files by their paths below devices.
func sysfs(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	class := filepath.Join(root, "class/block")
	if err := os.MkdirAll(class, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range files {
		full := filepath.Join(root, "devices", path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o700), os.WriteFile(full, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		if filepath.Base(full) == "uevent" {
			if err := os.Symlink(filepath.Dir(full), filepath.Join(class, filepath.Base(filepath.Dir(full)))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

func TestDisks(t *testing.T) {
	root := sysfs(t, map[string]string{
		"ata1/sda/uevent": "MAJOR=8\nDEVNAME=sda\nDEVTYPE=disk\n", "ata1/sda/size": "2048000\n", "ata1/sda/ro": "0\n",
		"ata1/sda/queue/logical_block_size": "512\n",
		"ata1/sda/sda1/uevent":              "DEVNAME=sda1\nPARTN=1\nPARTNAME=limpid-esp\n", "ata1/sda/sda1/partition": "1\n",
		"ata1/sda/sda3/uevent": "DEVNAME=sda3\nPARTNAME=limpid-b\n", "ata1/sda/sda3/partition": "3\n",
		"ata1/sda/sda2/uevent": "DEVNAME=sda2\nPARTNAME=limpid-a\n", "ata1/sda/sda2/partition": "2\n",
		"usb1/sdb/uevent": "DEVNAME=sdb\n", "usb1/sdb/size": "1000\n", "usb1/sdb/ro": "1\n", "usb1/sdb/queue/logical_block_size": "4096\n",
		"usb2/sdc/uevent": "DEVNAME=sdc\n", "usb2/sdc/size": "0\n", // a reader without a card
		"virtual/ram0/uevent": "DEVNAME=ram0\n", "virtual/ram0/size": "8192\n",
	})
	disks, err := Disks(root)
	if err != nil || len(disks) != 2 {
		t.Fatalf("%+v, %v", disks, err)
	}
	sda, sdb := disks[0], disks[1]
	if p, ok := sda.Partition("limpid-b"); !ok || p.Device != "/dev/sda3" || p.Number != 3 || sda.Partitions[1].Number != 2 {
		t.Errorf("%+v", sda)
	}
	if !sda.Ours() || sda.ReadOnly || sda.Sector != 512 || sda.Size != 1000<<20 || sda.Device != "/dev/sda" {
		t.Errorf("%+v", sda)
	}
	if sdb.Ours() || !sdb.ReadOnly || sdb.Sector != 4096 || sdb.Size != 512000 {
		t.Errorf("%+v", sdb)
	}
	if _, err := Disks(filepath.Join(root, "none")); err == nil || !strings.HasPrefix(err.Error(), "look for disks: ") {
		t.Error(err)
	}
}
