package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Content is what a partition seems to hold.
type Content int

// Contents.
const (
	Blank   Content = iota // nothing: made by us, and not yet formatted
	Ext4                   // a file system, perhaps a damaged one
	Foreign                // something else, which is left alone
)

// Where ext4 has its superblocks and their magic number (Linux 6.12,
// Documentation/filesystems/ext4/super.rst), with blocks of 4096 bytes.
const (
	superblock   = 1024
	magicAt      = 0x38
	magic        = 0xef53
	secondSuper  = 32768 * 4096
	headLength   = 64 << 10
	secondLength = 4096
)

// Classify says what head, the first 64 KiB of a partition, and second, where the
// first spare superblock would lie, look like.
func Classify(head, second []byte) Content {
	if hasMagic(head, superblock) || hasMagic(second, 0) {
		return Ext4
	}
	for _, b := range head {
		if b != 0 {
			return Foreign
		}
	}
	return Blank
}

func hasMagic(b []byte, at int) bool {
	return len(b) >= at+magicAt+2 && binary.LittleEndian.Uint16(b[at+magicAt:]) == magic
}

// classify reads a partition.
func classify(r io.ReaderAt) (Content, error) {
	head, second := make([]byte, headLength), make([]byte, secondLength)
	if _, err := r.ReadAt(head, 0); err != nil {
		return 0, fmt.Errorf("read data partition: %w", err)
	}
	// One that ends before has no spare superblock there.
	if _, err := r.ReadAt(second, secondSuper); err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("read data partition: %w", err)
	}
	return Classify(head, second), nil
}

// blank overwrites what classify looks at, so that a partition of which only
// the entry could be written is taken for what it is after a power cut.
func blank(w writer, start, size int64) error {
	for _, part := range []struct{ at, length int64 }{{0, headLength}, {secondSuper, secondLength}} {
		if part.at+part.length > size {
			continue
		}
		if _, err := w.WriteAt(make([]byte, part.length), start+part.at); err != nil {
			return fmt.Errorf("clear data partition: %w", err)
		}
	}
	if err := w.Sync(); err != nil {
		return fmt.Errorf("clear data partition: %w", err)
	}
	return nil
}
