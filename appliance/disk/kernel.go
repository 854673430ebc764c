package disk

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// BLKPG tells the kernel of one partition, also while others of the disk are in
// use, when reading the whole table again is refused (include/uapi/linux/blkpg.h).
const (
	blkpgAdd    = 1
	blkpgResize = 3
)

type blkpgPartition struct {
	start, length int64 // bytes
	number        int32
	_             [64 + 64 + 4]byte // names, unused; padding
}

type blkpgArgument struct {
	op, flags, length int32
	_                 int32
	data              *blkpgPartition
}

// tellKernel makes what Claim did to the table known.
func tellKernel(f *os.File, c Claim) error {
	part := blkpgPartition{start: c.Start, length: c.Size, number: int32(c.Number)}
	argument := blkpgArgument{op: blkpgAdd, length: int32(unsafe.Sizeof(part)), data: &part}
	if c.Grown {
		argument.op = blkpgResize
	}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.BLKPG, uintptr(unsafe.Pointer(&argument)))
	if errno != 0 && !errors.Is(errno, unix.EBUSY) { // busy: it knows already
		return fmt.Errorf("tell the kernel of the data partition: %w", errno)
	}
	return nil
}
