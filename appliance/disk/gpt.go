package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf16"
)

// A GUID partition table is a header and an array of entries, both twice: behind
// the first sector, and at the end of the disk (UEFI 2.10, section 5.3).
const (
	headerSize  = 92
	entrySize   = 128
	mostEntries = 1024 // far more than any tool makes
	signature   = "EFI PART"
)

// Table is a partition table as it was read.
type Table struct {
	sector  int64 // bytes
	disk    guid
	entries []Entry
	first   int64 // usable sectors, from first to last
	last    int64
	backup  int64 // sector where the header says that the second copy's header lies
}

// Entry is one partition. Sectors are counted from 0; last is its own.
type Entry struct {
	kind, id    guid
	first, last int64
	attributes  uint64
	name        [72]byte // UTF-16
}

// Name is the partition's name.
func (e Entry) Name() string {
	var units []uint16
	for i := 0; i < len(e.name); i += 2 {
		u := binary.LittleEndian.Uint16(e.name[i:])
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

func (e *Entry) setName(name string) {
	e.name = [72]byte{}
	for i, u := range utf16.Encode([]rune(name)) {
		if 2*i+2 > len(e.name) {
			return
		}
		binary.LittleEndian.PutUint16(e.name[2*i:], u)
	}
}

func (e Entry) used() bool { return e.kind != guid{} }

// ErrNoTable is a disk without a valid first copy of a GUID partition table.
var ErrNoTable = errors.New("no GUID partition table")

// ReadTable reads the first copy of a disk's table; sector is the disk's logical
// sector size in bytes. A damaged first copy is ErrNoTable: the second may be
// whole, but changing the table then is for a person to do.
func ReadTable(r io.ReaderAt, sector int64) (*Table, error) {
	header := make([]byte, sector)
	if _, err := r.ReadAt(header, sector); err != nil {
		return nil, fmt.Errorf("read partition table: %w", err)
	}
	le := binary.LittleEndian
	size := le.Uint32(header[12:])
	if string(header[:8]) != signature || size < headerSize || int64(size) > sector {
		return nil, fmt.Errorf("read partition table: %w", ErrNoTable)
	}
	sum := le.Uint32(header[16:])
	le.PutUint32(header[16:], 0)
	if crc32.ChecksumIEEE(header[:size]) != sum || le.Uint64(header[24:]) != 1 {
		return nil, fmt.Errorf("read partition table: header is damaged: %w", ErrNoTable)
	}
	count, each := le.Uint32(header[80:]), le.Uint32(header[84:])
	if each != entrySize || count < 4 || count > mostEntries {
		return nil, fmt.Errorf("read partition table: %d entries of %d bytes: %w", count, each, ErrNoTable)
	}
	array := make([]byte, count*each)
	if _, err := r.ReadAt(array, int64(le.Uint64(header[72:]))*sector); err != nil {
		return nil, fmt.Errorf("read partition entries: %w", err)
	}
	if crc32.ChecksumIEEE(array) != le.Uint32(header[88:]) {
		return nil, fmt.Errorf("read partition table: entries are damaged: %w", ErrNoTable)
	}
	t := &Table{
		sector: sector, disk: guid(header[56:72]), backup: int64(le.Uint64(header[32:])),
		first: int64(le.Uint64(header[40:])), last: int64(le.Uint64(header[48:])),
	}
	for i := range int(count) {
		t.entries = append(t.entries, parseEntry(array[i*entrySize:]))
	}
	return t, nil
}

func parseEntry(b []byte) Entry {
	le := binary.LittleEndian
	return Entry{
		kind: guid(b[:16]), id: guid(b[16:32]),
		first: int64(le.Uint64(b[32:])), last: int64(le.Uint64(b[40:])), attributes: le.Uint64(b[48:]),
		name: [72]byte(b[56:128]),
	}
}

func (t *Table) array() []byte {
	b := make([]byte, len(t.entries)*entrySize)
	le := binary.LittleEndian
	for i, e := range t.entries {
		at := b[i*entrySize:]
		copy(at, e.kind[:])
		copy(at[16:], e.id[:])
		le.PutUint64(at[32:], uint64(e.first))
		le.PutUint64(at[40:], uint64(e.last))
		le.PutUint64(at[48:], e.attributes)
		copy(at[56:], e.name[:])
	}
	return b
}

// arraySectors is how many sectors the entries fill.
func (t *Table) arraySectors() int64 {
	return (int64(len(t.entries))*entrySize + t.sector - 1) / t.sector
}

// header gives the header of a copy that lies at sector my and whose entries
// begin at sector array; other is where the other copy's header lies.
func (t *Table) header(my, other, array int64) []byte {
	b := make([]byte, t.sector)
	le := binary.LittleEndian
	copy(b, signature)
	le.PutUint32(b[8:], 0x00010000)
	le.PutUint32(b[12:], headerSize)
	le.PutUint64(b[24:], uint64(my))
	le.PutUint64(b[32:], uint64(other))
	le.PutUint64(b[40:], uint64(t.first))
	le.PutUint64(b[48:], uint64(t.last))
	copy(b[56:], t.disk[:])
	le.PutUint64(b[72:], uint64(array))
	le.PutUint32(b[80:], uint32(len(t.entries)))
	le.PutUint32(b[84:], entrySize)
	le.PutUint32(b[88:], crc32.ChecksumIEEE(t.array()))
	le.PutUint32(b[16:], crc32.ChecksumIEEE(b[:headerSize]))
	return b
}

// writer is what a table is written to.
type writer interface {
	io.WriterAt
	Sync() error
}

// Write writes both copies, the second one first and complete before the first
// is touched: a power cut leaves one of them whole, with the old table or the
// new one.
func (t *Table) Write(w writer) error {
	// Entries before the header that has their sum.
	write := func(header, array, other int64) error {
		if _, err := w.WriteAt(t.array(), array*t.sector); err != nil {
			return err
		}
		if _, err := w.WriteAt(t.header(header, other, array), header*t.sector); err != nil {
			return err
		}
		return w.Sync()
	}
	if err := write(t.backup, t.backup-t.arraySectors(), 1); err != nil {
		return fmt.Errorf("write second partition table: %w", err)
	}
	if err := write(1, 2, t.backup); err != nil {
		return fmt.Errorf("write partition table: %w", err)
	}
	return nil
}
