package disk

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// smallerThanDevice says that a file system leaves so much of its partition
// unused that growing is worth it.
func smallerThanDevice(device string) (bool, error) {
	f, err := os.Open(device)
	if err != nil {
		return false, fmt.Errorf("open data partition: %w", err)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return false, fmt.Errorf("measure data partition: %w", err)
	}
	super := make([]byte, 1024)
	if _, err := f.ReadAt(super, superblock); err != nil {
		return false, fmt.Errorf("read data partition: %w", err)
	}
	return size-filesystemSize(super) >= leastGain, nil
}

// filesystemSize reads it from a superblock, in bytes: s_blocks_count_lo and, with
// INCOMPAT_64BIT, _hi; s_log_block_size.
func filesystemSize(super []byte) int64 {
	le := binary.LittleEndian
	blocks := uint64(le.Uint32(super[0x4:]))
	if le.Uint32(super[0x60:])&0x80 != 0 {
		blocks |= uint64(le.Uint32(super[0x150:])) << 32
	}
	return int64(blocks << (10 + min(le.Uint32(super[0x18:]), 6)))
}
