package disk

import (
	"crypto/sha256"
	"fmt"
	"io"
	"time"
)

// SectorSize is the logical sector of the disks the image is for, in bytes. GPT and FAT count in logical sectors: a disk
// with sectors of 4096 bytes would look for both in other places.
const SectorSize = 512

const mib = 1 << 20

// Where the partitions lie, in bytes from the start of the disk. Each begins on a whole MiB, as every partitioner has done
// since flash and large sectors; what a box finds behind DataStart is its own.
const (
	ESPStart   = 1 * mib
	ESPSize    = 64 * mib // FAT32 needs 65,525 clusters: with 512-byte clusters that is the next power of two
	SlotSize   = 128 * mib
	SlotAStart = ESPStart + ESPSize
	SlotBStart = SlotAStart + SlotSize
	DataStart  = SlotBStart + SlotSize
	// Size is the whole image: behind the slots only the second copy of the partition table.
	Size = DataStart + 1*mib
)

// Names of the partitions, as in the partition table. The box finds them by these.
const (
	ESPName   = "limpid-esp"
	SlotAName = "limpid-a"
	SlotBName = "limpid-b"
)

// Image is what a disk holds.
type Image struct {
	ESP  []File    // files of the EFI system partition
	Slot []byte    // contents of either slot, at most SlotSize bytes
	Time time.Time // of the files in the EFI system partition
}

// Write writes the image to w, which must read as zeros everywhere (a new sparse file): zeros are not written.
func (m Image) Write(w io.WriterAt) error {
	if len(m.Slot) > SlotSize {
		return fmt.Errorf("write slots: %d bytes do not fit in %d", len(m.Slot), SlotSize)
	}
	seed := m.seed()
	fat := fat32{label: ESPName, id: volumeID(seed), time: m.Time, hidden: ESPStart / SectorSize, size: ESPSize}
	if err := fat.write(offsetWriter{w, ESPStart}, m.ESP); err != nil {
		return fmt.Errorf("write EFI system partition: %w", err)
	}
	// Both slots hold the same at first: a block that goes bad in one before the first update costs nothing.
	for _, at := range []int64{SlotAStart, SlotBStart} {
		if _, err := w.WriteAt(m.Slot, at); err != nil {
			return fmt.Errorf("write slot at byte %d: %w", at, err)
		}
	}
	table := gpt{
		disk: deriveGUID(seed, "disk"),
		partitions: []partition{
			{kind: espType, id: deriveGUID(seed, ESPName), name: ESPName, start: ESPStart, size: ESPSize},
			{kind: linuxType, id: deriveGUID(seed, SlotAName), name: SlotAName, start: SlotAStart, size: SlotSize},
			{kind: linuxType, id: deriveGUID(seed, SlotBName), name: SlotBName, start: SlotBStart, size: SlotSize},
		},
		size: Size,
	}
	if err := table.write(w); err != nil {
		return fmt.Errorf("write partition table: %w", err)
	}
	return nil
}

// seed stands for all contents: whatever differs gives other identifiers.
func (m Image) seed() [sha256.Size]byte {
	h := sha256.New()
	for _, f := range m.ESP {
		fmt.Fprintf(h, "%q %d\n", f.Path, len(f.Data))
		h.Write(f.Data)
	}
	fmt.Fprintf(h, "slot %d\n", len(m.Slot))
	h.Write(m.Slot)
	return [sha256.Size]byte(h.Sum(nil))
}

// offsetWriter writes to a part of a disk.
type offsetWriter struct {
	w     io.WriterAt
	start int64
}

// WriteAt writes p at byte off of the part.
func (o offsetWriter) WriteAt(p []byte, off int64) (int, error) {
	return o.w.WriteAt(p, o.start+off)
}
