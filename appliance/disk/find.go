package disk

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"limpid/appliance/slots"
)

// Partition is a partition that the kernel knows.
type Partition struct {
	Name   string // in the partition table; may be empty
	Device string // like /dev/sda4
	Number int
}

// Disk is a disk that the kernel knows.
type Disk struct {
	Name       string // like sda
	Device     string // like /dev/sda
	ReadOnly   bool
	Sector     int64 // logical sector, bytes
	Size       int64 // bytes
	Partitions []Partition
}

// Partition gives the partition of a name.
func (d Disk) Partition(name string) (Partition, bool) {
	i := slices.IndexFunc(d.Partitions, func(p Partition) bool { return p.Name == name })
	if i < 0 {
		return Partition{}, false
	}
	return d.Partitions[i], true
}

// Ours says that limpid can have been booted from the disk.
func (d Disk) Ours() bool {
	for _, name := range []string{ESPName, slots.A.Partition(), slots.B.Partition()} {
		if _, ok := d.Partition(name); !ok {
			return false
		}
	}
	return true
}

// Disks lists all disks by name. sysfs is /sys. Nothing is read from a disk.
func Disks(sysfs string) ([]Disk, error) {
	class := filepath.Join(sysfs, "class/block")
	entries, err := os.ReadDir(class)
	if err != nil {
		return nil, fmt.Errorf("look for disks: %w", err)
	}
	disks := map[string]*Disk{}
	for _, e := range entries {
		// Memory disks are no place for anything that lasts.
		if name := e.Name(); !strings.HasPrefix(name, "ram") {
			addDevice(disks, filepath.Join(class, name))
		}
	}
	var found []Disk
	for _, name := range slices.Sorted(maps.Keys(disks)) {
		d := *disks[name]
		if d.Size > 0 { // else a card reader without a card, or a partition whose disk is gone
			slices.SortFunc(d.Partitions, func(a, b Partition) int { return a.Number - b.Number })
			found = append(found, d)
		}
	}
	return found, nil
}

// addDevice reads one folder of /sys/class/block. A device may vanish at any time.
func addDevice(disks map[string]*Disk, path string) {
	folder, err := filepath.EvalSymlinks(path)
	if err != nil {
		return
	}
	values := readValues(filepath.Join(folder, "uevent"))
	device := filepath.Join("/dev", values["DEVNAME"])
	number := readNumber(filepath.Join(folder, "partition"))
	name := filepath.Base(folder)
	if number > 0 {
		name = filepath.Base(filepath.Dir(folder)) // a partition's folder lies in that of its disk
	}
	d := disks[name]
	if d == nil {
		d = &Disk{Name: name}
		disks[name] = d
	}
	if number > 0 {
		d.Partitions = append(d.Partitions, Partition{Name: values["PARTNAME"], Device: device, Number: int(number)})
		return
	}
	d.Device = device
	d.ReadOnly = readNumber(filepath.Join(folder, "ro")) != 0
	d.Sector = readNumber(filepath.Join(folder, "queue/logical_block_size"))
	d.Size = readNumber(filepath.Join(folder, "size")) * 512 // always in these units
}

// readValues reads lines of NAME=value.
func readValues(path string) map[string]string {
	values := map[string]string{}
	text, err := os.ReadFile(path)
	if err != nil {
		return values
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		values[name] = value
	}
	return values
}

// readNumber reads a number; 0 when there is none.
func readNumber(path string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
