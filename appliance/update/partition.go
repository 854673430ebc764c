package update

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Target is the slot that is written.
type Target interface {
	io.WriterAt
	io.ReaderAt
	// Capacity is how many bytes fit.
	Capacity() (int64, error)
	// Sync returns when all that was written is on the medium, from where
	// later reads come.
	Sync() error
	Close() error
}

// Partition is a Target: a block device, or a file in its place.
type Partition struct{ *os.File }

// OpenPartition opens a partition for writing. One that is mounted, or in use
// otherwise, is refused by the kernel.
func OpenPartition(path string) (*Partition, error) {
	// O_EXCL without O_CREAT claims a block device for this opener (Linux 2.6 and later, bdev_open).
	file, err := os.OpenFile(path, os.O_RDWR|os.O_EXCL, 0)
	if err != nil {
		return nil, fmt.Errorf("open the slot that does not run: %w", err)
	}
	return &Partition{file}, nil
}

// Capacity implements Target.
func (p *Partition) Capacity() (int64, error) {
	size, err := p.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, fmt.Errorf("find out the size of %s: %w", p.Name(), err)
	}
	return size, nil
}

// Sync implements Target: it also drops what the kernel remembers, so that a
// stick that lies about what it keeps is found out.
func (p *Partition) Sync() error {
	if err := p.File.Sync(); err != nil {
		return err
	}
	if err := unix.Fadvise(int(p.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("drop the cache of %s: %w", p.Name(), err)
	}
	return nil
}
