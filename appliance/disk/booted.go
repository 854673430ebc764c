package disk

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// parameter is what grub.cfg puts on the kernel command line.
const parameter = "limpid.data="

// Booted tells the disk that the box was booted from among those that look like it:
// by the identity of its data partition, which is made at the first boot. Everything
// else is the same on all disks that were flashed with one image.
type Booted struct {
	data string // "": it has no data partition yet
	told bool
}

// ParseBooted reads a kernel command line (/proc/cmdline). A boot loader that says
// nothing of disks leaves nothing to tell them apart by.
func ParseBooted(cmdline string) Booted {
	var b Booted
	for word := range strings.FieldsSeq(cmdline) {
		if id, found := strings.CutPrefix(word, parameter); found {
			b = Booted{data: strings.ToLower(id), told: true} // the last one holds, as in the kernel
		}
	}
	return b
}

// ErrNoDisk says that no disk there is can be the one that was booted from.
var ErrNoDisk = errors.New("none has limpid's partitions: plug in the one the box was booted from")

// ErrManyDisks says that one of several disks was booted from, and it cannot be told
// which.
var ErrManyDisks = errors.New("unplug the one the box was not booted from")

// Find gives the disk that was booted from; sysfs is /sys. With ErrManyDisks comes
// the first of those that it may be. The error is ErrNoDisk as long as there is none.
func (b Booted) Find(sysfs string) (Disk, error) {
	disks, err := Disks(sysfs)
	if err != nil {
		return Disk{}, err
	}
	return b.choose(disks, dataID)
}

// Named gives limpid's disk of a name, like sda. From the first boot on a disk has an
// identity that the boot loader knew nothing of.
func Named(sysfs, name string) (Disk, error) {
	disks, err := Disks(sysfs)
	if err != nil {
		return Disk{}, err
	}
	i := slices.IndexFunc(disks, func(d Disk) bool { return d.Name == name && d.Ours() })
	if i < 0 {
		return Disk{}, fmt.Errorf("look for disk %s: %w", name, ErrNoDisk)
	}
	return disks[i], nil
}

// choose is Find, of what the kernel knows. identify gives the identity of a disk's
// data partition, "" where it has none.
func (b Booted) choose(disks []Disk, identify func(Disk) (string, error)) (Disk, error) {
	ours := slices.DeleteFunc(slices.Clone(disks), func(d Disk) bool { return !d.Ours() })
	if b.told {
		ours = b.matching(ours, identify)
	}
	switch len(ours) {
	case 0:
		return Disk{}, fmt.Errorf("look for disks: %w", ErrNoDisk)
	case 1:
		return ours[0], nil
	}
	return ours[0], fmt.Errorf("look for disks: both %s and %s have limpid's partitions: %w", ours[0].Name, ours[1].Name, ErrManyDisks)
}

// matching gives the disks with the right identity; if there are none, those whose
// table cannot be read, which is no reason to do without a disk that can.
func (b Booted) matching(disks []Disk, identify func(Disk) (string, error)) []Disk {
	var match, unreadable []Disk
	for _, d := range disks {
		switch id, err := identify(d); {
		case err != nil:
			unreadable = append(unreadable, d)
		case id == b.data:
			match = append(match, d)
		}
	}
	if len(match) > 0 {
		return match
	}
	return unreadable
}

// dataID reads the identity of a disk's data partition from its partition table.
func dataID(d Disk) (string, error) {
	f, err := os.Open(d.Device)
	if err != nil {
		return "", fmt.Errorf("open disk: %w", err)
	}
	defer f.Close()
	table, err := ReadTable(f, d.Sector)
	if err != nil {
		return "", err
	}
	for _, e := range table.entries {
		if e.used() && e.Name() == DataName {
			return e.id.String(), nil
		}
	}
	return "", nil
}
