package vm

import (
	"fmt"
	"io"
	"strings"
)

// cpioWriter writes an archive in cpio's "newc" format, the only one the kernel's initramfs code reads
// (Documentation/driver-api/early-userspace/buffer-format.rst, Linux 6.12).
type cpioWriter struct {
	w   io.Writer
	ino uint32
	off int64
}

// cpioHeader is what this package needs of an entry; owner is always root and times are always 0, so that equal
// contents give equal archives.
type cpioHeader struct {
	name         string // without a leading slash
	mode         uint32 // type and permission bits, as in stat(2)
	size         uint32 // bytes of data that follow
	major, minor uint32 // of a device node
}

// next writes an entry's header. Exactly h.size bytes must follow by data.
func (c *cpioWriter) next(h cpioHeader) error {
	// Entries with one inode number would be taken for links to one file.
	c.ino++
	// In order: inode, mode, owner, group, links, time, size, device (major, minor) the file lies on, device that the node
	// stands for, length of the name with its zero byte, checksum (0 in this variant of the format).
	fields := [13]uint32{
		c.ino, h.mode, 0, 0, 1, 0, h.size,
		0, 0, h.major, h.minor,
		uint32(len(h.name) + 1), 0,
	}
	var b strings.Builder
	b.WriteString("070701")
	for _, f := range fields {
		fmt.Fprintf(&b, "%08x", f)
	}
	b.WriteString(h.name)
	b.WriteByte(0)
	if err := c.write([]byte(b.String())); err != nil {
		return err
	}
	return c.pad()
}

// data copies an entry's contents and pads it. It is an error when r holds other than size bytes: a host file that
// changes while it is packed would shift everything behind it.
func (c *cpioWriter) data(r io.Reader, size int64) error {
	n, err := io.Copy(c.w, io.LimitReader(r, size))
	c.off += n
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("file shrank to %d of %d bytes while it was packed", n, size)
	}
	return c.pad()
}

// close writes the trailer; the underlying writer stays open.
func (c *cpioWriter) close() error {
	return c.next(cpioHeader{name: "TRAILER!!!"})
}

// write counts, since padding depends on the place in the whole archive and not in the entry.
func (c *cpioWriter) write(b []byte) error {
	n, err := c.w.Write(b)
	c.off += int64(n)
	return err
}

// pad fills with zeros to the next multiple of four, where newc aligns headers and data.
func (c *cpioWriter) pad() error {
	return c.write(make([]byte, -c.off&3))
}
