package disk

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// The file system's form (Microsoft's "FAT32 File System Specification" 1.03, which UEFI 2.10 section 13.3 refers to): one
// sector a cluster, two FATs, and the few sectors before them.
const (
	fatReserved   = 32 // sectors before the first FAT, at least
	fatCount      = 2
	fatRoot       = 2 // the root folder's cluster: the first there is
	fatMinimum    = 65525
	fatMaximum    = 268435444
	fatEnd        = 0x0fffffff
	fatInfoSector = 1
	fatBackup     = 6 // copy of sectors 0 and 1
	fatEntry      = 32
	// Files begin at multiples of 64 KiB and share none with another. A disk whose true sectors are larger than it says
	// changes nothing else when the boot environment is written; and firmware, which reads files in pieces of up to 64 KiB
	// (EDK II, FatPkg), loads the boot program even when the boot environment beside it can no longer be read.
	fatAlign = 128
)

// File is a file to be written, with its path from the root: "EFI/BOOT/BOOTX64.EFI". Each name must be of the old form, up
// to eight characters and up to three behind a dot, either part in one case.
type File struct {
	Path string
	Data []byte
}

// fat32 is a file system of size bytes.
type fat32 struct {
	label  string
	id     uint32
	time   time.Time
	hidden uint32 // sectors of the disk before the partition
	size   int64
}

// fatLayout is where the areas of a file system lie, in sectors.
type fatLayout struct {
	sectors, reserved, fatSize, data, clusters int64
}

// layout computes the areas. The FATs are as large as their entries need, and what is reserved before them grows until the
// data begin at a multiple of 64 KiB.
func (f fat32) layout() (fatLayout, error) {
	l := fatLayout{sectors: f.size / SectorSize}
	const perSector = SectorSize / 4
	// A little more than needed: it counts the sectors before the data as clusters too.
	l.fatSize = (l.sectors + 2 + perSector - 1) / perSector
	l.data = (fatReserved + fatCount*l.fatSize + fatAlign - 1) / fatAlign * fatAlign
	l.reserved = l.data - fatCount*l.fatSize
	l.clusters = l.sectors - l.data
	if l.clusters < fatMinimum || l.clusters > fatMaximum {
		return l, fmt.Errorf("lay out FAT32 in %d bytes: it would have %d clusters, and must have %d to %d", f.size, l.clusters, fatMinimum, fatMaximum)
	}
	return l, nil
}

// write writes the file system with these files in it, and the folders they need.
func (f fat32) write(w io.WriterAt, files []File) error {
	l, err := f.layout()
	if err != nil {
		return err
	}
	root, err := newFolder(files)
	if err != nil {
		return err
	}
	b := &fatBuilder{fat32: f, layout: l, w: w, next: fatRoot, table: []uint32{0x0ffffff8, fatEnd}}
	if err := b.place(root); err != nil {
		return err
	}
	if err := b.folder(root, nil); err != nil {
		return err
	}
	return b.finish()
}

// fatBuilder fills a file system from its first cluster on.
type fatBuilder struct {
	fat32
	layout fatLayout
	w      io.WriterAt
	next   uint32   // first cluster not given away
	table  []uint32 // the FAT so far
	used   int64    // clusters that hold something
}

// place gives a file or folder its clusters and, for a folder, all below it.
func (b *fatBuilder) place(n *fatNode) error {
	size := len(n.data)
	if n.isFolder {
		// An entry each, "." and "..", or the label in the root.
		size = (len(n.children) + 2) * fatEntry
	} else {
		for b.next%fatAlign != fatRoot { // cluster 2 lies where the data begin
			b.set(b.next, 0)
		}
	}
	if size > 0 {
		n.cluster = b.next
		count := uint32((size + SectorSize - 1) / SectorSize)
		if int64(b.next)+int64(count)-fatRoot > b.layout.clusters {
			return fmt.Errorf("place %s: the file system of %d bytes is full", n.name, b.size)
		}
		for i := uint32(1); i < count; i++ {
			b.set(b.next, b.next+1)
		}
		b.set(b.next, fatEnd)
		b.used += int64(count)
	}
	for _, child := range n.children {
		if err := b.place(child); err != nil {
			return err
		}
	}
	return nil
}

// set writes the next cluster's entry in the FAT.
func (b *fatBuilder) set(cluster, value uint32) {
	b.table = append(b.table, value)
	b.next = cluster + 1
}

// folder writes a folder and all below it.
func (b *fatBuilder) folder(n, parent *fatNode) error {
	var list []byte
	if parent == nil {
		list = b.entry(list, padName(strings.ToUpper(b.label)), 0x08, 0, nil)
	} else {
		list = b.entry(list, padName("."), 0x10, 0, n)
		up := parent
		if parent.cluster == fatRoot {
			up = nil // the root is written as 0
		}
		list = b.entry(list, padName(".."), 0x10, 0, up)
	}
	for _, child := range n.children {
		attributes := byte(0x20)
		if child.isFolder {
			attributes = 0x10
		}
		list = b.entry(list, child.short, attributes, child.lower, child)
		if child.isFolder {
			if err := b.folder(child, n); err != nil {
				return err
			}
			continue
		}
		if err := b.clusterData(child.cluster, child.data); err != nil {
			return err
		}
	}
	return b.clusterData(n.cluster, list)
}

// entry appends a folder's entry.
func (b *fatBuilder) entry(list []byte, name [11]byte, attributes, lower byte, n *fatNode) []byte {
	e := make([]byte, fatEntry)
	copy(e, name[:])
	e[11] = attributes
	e[12] = lower
	date, clock := fatTime(b.time)
	binary.LittleEndian.PutUint16(e[14:], clock)
	binary.LittleEndian.PutUint16(e[16:], date)
	binary.LittleEndian.PutUint16(e[18:], date)
	binary.LittleEndian.PutUint16(e[22:], clock)
	binary.LittleEndian.PutUint16(e[24:], date)
	if n != nil {
		binary.LittleEndian.PutUint16(e[20:], uint16(n.cluster>>16))
		binary.LittleEndian.PutUint16(e[26:], uint16(n.cluster))
		binary.LittleEndian.PutUint32(e[28:], uint32(len(n.data)))
	}
	return append(list, e...)
}

// clusterData writes what begins at a cluster; all of it lies in one piece.
func (b *fatBuilder) clusterData(cluster uint32, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	_, err := b.w.WriteAt(data, (b.layout.data+int64(cluster)-fatRoot)*SectorSize)
	return err
}

// finish writes the FATs and the sectors before them.
func (b *fatBuilder) finish() error {
	table := make([]byte, 4*len(b.table))
	for i, v := range b.table {
		binary.LittleEndian.PutUint32(table[4*i:], v)
	}
	for i := range int64(fatCount) {
		if _, err := b.w.WriteAt(table, (b.layout.reserved+i*b.layout.fatSize)*SectorSize); err != nil {
			return err
		}
	}
	head := slices.Concat(b.bootSector(), b.infoSector())
	for _, sector := range []int64{0, fatBackup} {
		if _, err := b.w.WriteAt(head, sector*SectorSize); err != nil {
			return err
		}
	}
	return nil
}

// bootSector gives sector 0. It cannot be booted from: there is no code in it.
func (b *fatBuilder) bootSector() []byte {
	s := make([]byte, SectorSize)
	copy(s, "\xeb\x58\x90limpid  ")
	binary.LittleEndian.PutUint16(s[11:], SectorSize)
	s[13] = 1 // sectors a cluster
	binary.LittleEndian.PutUint16(s[14:], uint16(b.layout.reserved))
	s[16] = fatCount
	s[21] = 0xf8                               // fixed disk
	binary.LittleEndian.PutUint16(s[24:], 63)  // sectors a track and heads: old BIOSes divide by them
	binary.LittleEndian.PutUint16(s[26:], 255) //
	binary.LittleEndian.PutUint32(s[28:], b.hidden)
	binary.LittleEndian.PutUint32(s[32:], uint32(b.layout.sectors))
	binary.LittleEndian.PutUint32(s[36:], uint32(b.layout.fatSize))
	binary.LittleEndian.PutUint32(s[44:], fatRoot)
	binary.LittleEndian.PutUint16(s[48:], fatInfoSector)
	binary.LittleEndian.PutUint16(s[50:], fatBackup)
	s[64] = 0x80 // first hard disk
	s[66] = 0x29 // the next three fields are there
	binary.LittleEndian.PutUint32(s[67:], b.id)
	label := padName(strings.ToUpper(b.label))
	copy(s[71:], label[:])
	copy(s[82:], "FAT32   ")
	s[510], s[511] = 0x55, 0xaa
	return s
}

// infoSector gives sector 1: how much is free, and where to look first.
func (b *fatBuilder) infoSector() []byte {
	s := make([]byte, SectorSize)
	copy(s, "RRaA")
	copy(s[484:], "rrAa")
	binary.LittleEndian.PutUint32(s[488:], uint32(b.layout.clusters-b.used))
	binary.LittleEndian.PutUint32(s[492:], b.next)
	s[510], s[511] = 0x55, 0xaa
	return s
}

// fatTime gives a date and a time of day as FAT counts them: from 1980 on, in steps of two seconds.
func fatTime(t time.Time) (date, clock uint16) {
	t = t.UTC()
	if t.Year() < 1980 {
		t = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	date = uint16((t.Year()-1980)<<9 | int(t.Month())<<5 | t.Day())
	clock = uint16(t.Hour()<<11 | t.Minute()<<5 | t.Second()/2)
	return date, clock
}
