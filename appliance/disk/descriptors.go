package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Where ext4 has its group descriptors, with blocks of 4096 bytes: behind each
// superblock that has any (Linux 6.12, Documentation/filesystems/ext4/group_descr.rst).
const (
	firstDescriptors  = 4096
	secondDescriptors = secondSuper + 4096
	descriptorSize    = 64 // mke2fs's, with its feature 64bit
	placesSize        = 12 // of a descriptor: where bitmaps and inodes are, which never changes
)

// descriptorsDiffer says that the first descriptors of groups are not what their
// spare copy says. e2fsck then would give all files up for lost, and write the wrong
// ones over the spare, unless it is told to begin with that. A file system without a
// spare copy, or of another form, has no difference.
func descriptorsDiffer(device string) (bool, error) {
	f, err := os.Open(device)
	if err != nil {
		return false, fmt.Errorf("open data partition: %w", err)
	}
	defer f.Close()
	spareSuper, first, second := make([]byte, 1024), make([]byte, 4096), make([]byte, 4096)
	for _, part := range []struct {
		b  []byte
		at int64
	}{{spareSuper, secondSuper}, {second, secondDescriptors}, {first, firstDescriptors}} {
		if _, err := f.ReadAt(part.b, part.at); errors.Is(err, io.EOF) {
			return false, nil
		} else if err != nil {
			return false, fmt.Errorf("read data partition: %w", err)
		}
	}
	if !hasMagic(spareSuper, 0) {
		return false, nil
	}
	groups := min(groupsOf(spareSuper), len(first)/descriptorSize)
	for i := range groups {
		at := i * descriptorSize
		if !bytes.Equal(first[at:at+placesSize], second[at:at+placesSize]) {
			return true, nil
		}
	}
	return false, nil
}

// groupsOf is how many groups the file system of a superblock has; 0 if it is not
// of the form that mke2fs gives ours.
func groupsOf(super []byte) int {
	const blocksPerGroup = 32768
	le := binary.LittleEndian
	if le.Uint32(super[0x20:]) != blocksPerGroup || le.Uint16(super[0xfe:]) != descriptorSize {
		return 0
	}
	return int((filesystemSize(super)/4096 + blocksPerGroup - 1) / blocksPerGroup)
}
