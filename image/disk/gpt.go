package disk

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf16"
)

// The table's form (UEFI 2.10, section 5.3): a header of 92 bytes and 128 entries of 128 bytes, at the start of the disk
// behind the protective MBR, and again at its end. The four partitions of a box share the first sector of the entries, so
// that adding the fourth changes one sector of entries and one of header in each copy.
const (
	gptHeaderSize = 92
	gptEntrySize  = 128
	gptEntries    = 128
	gptTableSize  = gptEntrySize * gptEntries
	gptNameUnits  = 36 // UTF-16 units of a partition's name
)

// partition is one entry, its place in bytes.
type partition struct {
	kind        string
	id          guid
	name        string
	start, size int64
}

// gpt is a whole partition table of a disk of size bytes.
type gpt struct {
	disk       guid
	partitions []partition
	size       int64
}

// write writes the protective MBR and both copies of the table.
func (g gpt) write(w io.WriterAt) error {
	entries, err := g.entries()
	if err != nil {
		return err
	}
	last := g.size/SectorSize - 1
	const tableSectors = gptTableSize / SectorSize
	first := g.header(entries, 1, last, 2)
	second := g.header(entries, last, 1, last-tableSectors)
	for _, part := range []struct {
		data   []byte
		sector int64
	}{
		{g.protectiveMBR(), 0},
		{first, 1},
		{entries, 2},
		{entries, last - tableSectors},
		{second, last},
	} {
		if _, err := w.WriteAt(part.data, part.sector*SectorSize); err != nil {
			return err
		}
	}
	return nil
}

// entries gives the table proper.
func (g gpt) entries() ([]byte, error) {
	table := make([]byte, gptTableSize)
	for i, p := range g.partitions {
		e := table[i*gptEntrySize:][:gptEntrySize]
		kind, err := parseGUID(p.kind)
		if err != nil {
			return nil, err
		}
		copy(e[0:], kind[:])
		copy(e[16:], p.id[:])
		binary.LittleEndian.PutUint64(e[32:], uint64(p.start/SectorSize))
		binary.LittleEndian.PutUint64(e[40:], uint64((p.start+p.size)/SectorSize-1))
		name := utf16.Encode([]rune(p.name))
		if len(name) > gptNameUnits {
			return nil, fmt.Errorf("name partition %q: longer than %d characters", p.name, gptNameUnits)
		}
		for i, unit := range name {
			binary.LittleEndian.PutUint16(e[56+2*i:], unit)
		}
	}
	return table, nil
}

// header gives one copy's header: where it lies itself, where the other one does, and where its entries begin.
func (g gpt) header(entries []byte, self, other, table int64) []byte {
	last := g.size/SectorSize - 1
	h := make([]byte, SectorSize)
	copy(h, "EFI PART")
	binary.LittleEndian.PutUint32(h[8:], 0x00010000) // revision 1.0
	binary.LittleEndian.PutUint32(h[12:], gptHeaderSize)
	binary.LittleEndian.PutUint64(h[24:], uint64(self))
	binary.LittleEndian.PutUint64(h[32:], uint64(other))
	binary.LittleEndian.PutUint64(h[40:], 2+gptTableSize/SectorSize)              // first usable sector
	binary.LittleEndian.PutUint64(h[48:], uint64(last-gptTableSize/SectorSize-1)) // last usable sector
	copy(h[56:], g.disk[:])
	binary.LittleEndian.PutUint64(h[72:], uint64(table))
	binary.LittleEndian.PutUint32(h[80:], gptEntries)
	binary.LittleEndian.PutUint32(h[84:], gptEntrySize)
	binary.LittleEndian.PutUint32(h[88:], crc32.ChecksumIEEE(entries))
	binary.LittleEndian.PutUint32(h[16:], crc32.ChecksumIEEE(h[:gptHeaderSize]))
	return h
}

// protectiveMBR gives sector 0: one partition of type 0xEE over the whole disk, so that nothing that knows only MBRs takes
// the disk for empty.
func (g gpt) protectiveMBR() []byte {
	mbr := make([]byte, SectorSize)
	e := mbr[446:]
	e[1], e[2], e[3] = 0x00, 0x02, 0x00 // first sector in cylinder, head, sector form
	e[4] = 0xee
	e[5], e[6], e[7] = 0xff, 0xff, 0xff
	binary.LittleEndian.PutUint32(e[8:], 1)
	binary.LittleEndian.PutUint32(e[12:], uint32(g.size/SectorSize-1))
	mbr[510], mbr[511] = 0x55, 0xaa
	return mbr
}
