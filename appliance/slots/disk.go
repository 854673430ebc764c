package slots

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Names of the partitions beside the slots.
const (
	ESPPartition  = "limpid-esp"
	DataPartition = "limpid-data"
)

// Disk is a disk that the firmware may have been booted from.
type Disk struct {
	Name string // like sda
	// Devices are its partitions by their names in the partition table, as paths in /dev.
	Devices map[string]string
}

// FindDisks gives the disks that have an EFI system partition and two slots of
// limpid's, by name. sysfs is /sys.
func FindDisks(sysfs string) ([]Disk, error) {
	class := filepath.Join(sysfs, "class/block")
	entries, err := os.ReadDir(class)
	if err != nil {
		return nil, fmt.Errorf("look for disks: %w", err)
	}
	disks := make(map[string]Disk)
	for _, entry := range entries {
		label, device := partition(filepath.Join(class, entry.Name(), "uevent"))
		if label == "" || device == "" {
			continue
		}
		// A partition's folder lies in that of its disk.
		folder, err := filepath.EvalSymlinks(filepath.Join(class, entry.Name()))
		if err != nil {
			continue // it is gone again
		}
		name := filepath.Base(filepath.Dir(folder))
		disk, ok := disks[name]
		if !ok {
			disk = Disk{Name: name, Devices: make(map[string]string)}
			disks[name] = disk
		}
		disk.Devices[label] = filepath.Join("/dev", device)
	}
	var found []Disk
	for _, disk := range disks {
		if disk.Devices[ESPPartition] != "" && disk.Devices[A.Partition()] != "" && disk.Devices[B.Partition()] != "" {
			found = append(found, disk)
		}
	}
	slices.SortFunc(found, func(x, y Disk) int { return strings.Compare(x.Name, y.Name) })
	return found, nil
}

// FindDisk gives the one disk of limpid's there is.
func FindDisk(sysfs string) (Disk, error) {
	disks, err := FindDisks(sysfs)
	switch {
	case err != nil:
		return Disk{}, err
	case len(disks) == 0:
		return Disk{}, fmt.Errorf("look for disks: none has limpid's partitions: plug in the one the box was booted from")
	case len(disks) > 1:
		return Disk{}, fmt.Errorf("look for disks: both %s and %s have limpid's partitions: unplug the one the box was not booted from", disks[0].Name, disks[1].Name)
	}
	return disks[0], nil
}

// partition reads a block device's uevent file: its name in the partition table
// and in /dev; empty when it is no partition or has no name.
func partition(path string) (label, device string) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", ""
	}
	for line := range strings.Lines(string(text)) {
		switch name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "="); name {
		case "PARTNAME":
			label = value
		case "DEVNAME":
			device = value
		}
	}
	return label, device
}
