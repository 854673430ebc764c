package cpio

import (
	"bytes"
	"fmt"
	"math"
	"time"
)

// trailer is the name of the entry that ends an archive.
const trailer = "TRAILER!!!"

// Pack gives the whole archive, each entry with the time given. The format is described in the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst (6.12).
func (t *Tree) Pack(when time.Time) ([]byte, error) {
	if when.Unix() < 0 || when.Unix() > math.MaxUint32 {
		return nil, fmt.Errorf("pack archive: the time %s does not fit in 32 bits", when.UTC())
	}
	var b bytes.Buffer
	// A folder sorts before what is in it, so it exists when the kernel gets there. Each entry has an inode number of its
	// own: two with one number would be taken for links to one file.
	for i, name := range t.Names() {
		e := t.entries[name]
		if int64(len(e.data)) > math.MaxUint32 {
			return nil, fmt.Errorf("pack %s: larger than 4 GiB", name)
		}
		links := uint32(1)
		if e.mode&^0o7777 == typeDir {
			links = 2
		}
		write(&b, archived(name), e, uint32(i+1), links, uint32(when.Unix()))
	}
	write(&b, trailer, entry{}, 0, 1, 0)
	return b.Bytes(), nil
}

// write appends an entry: header, name, data, each padded to four bytes.
func write(b *bytes.Buffer, name string, e entry, inode, links, when uint32) {
	// In order: inode, mode, owner, group, links, time, size, device (major, minor) the file lies on, device that the node
	// stands for, length of the name with its zero byte, checksum (0 in this variant of the format).
	b.WriteString("070701")
	for _, field := range [13]uint32{
		inode, e.mode, 0, 0, links, when, uint32(len(e.data)),
		0, 0, e.major, e.minor,
		uint32(len(name) + 1), 0,
	} {
		fmt.Fprintf(b, "%08x", field)
	}
	b.WriteString(name)
	b.WriteByte(0)
	pad(b)
	b.Write(e.data)
	pad(b)
}

// pad fills with zeros to a multiple of four.
func pad(b *bytes.Buffer) {
	b.Write(make([]byte, -b.Len()&3))
}
