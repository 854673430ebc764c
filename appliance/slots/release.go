package slots

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Release says what a slot holds.
type Release struct {
	Version string
	Board   string // the kind of box, like x86_64
}

// releaseName is the file in a slot, beside kernel and root file system, that
// has the form of os-release(5).
const releaseName = "release"

// Bounds of what is looked through: a slot has five files, and release is among
// the first.
const (
	maxEntries = 16
	maxName    = 256
	maxRelease = 16 << 10 // bytes
)

// ReadRelease finds out what the slot holds that is read from its start. A slot
// is a cpio archive in the "new" form (Documentation/driver-api/early-userspace/buffer-format.rst,
// Linux 6.12): what it says is not to be trusted more than where it comes from.
func ReadRelease(slot io.Reader) (Release, error) {
	archive := cpioReader{r: bufio.NewReader(slot)}
	for range maxEntries {
		name, size, err := archive.next()
		if err != nil {
			return Release{}, fmt.Errorf("read slot: %w", err)
		}
		if name != releaseName {
			continue
		}
		if size > maxRelease {
			return Release{}, fmt.Errorf("read slot: %s has %d bytes", name, size)
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(archive.r, text); err != nil {
			return Release{}, fmt.Errorf("read slot: %w", err)
		}
		return ParseRelease(string(text)), nil
	}
	return Release{}, fmt.Errorf("read slot: no %s in it", releaseName)
}

// ParseRelease reads os-release(5) as images have it: IMAGE_ID is limpid-BOARD,
// and IMAGE_VERSION the version. What is not there stays empty.
func ParseRelease(text string) Release {
	var r Release
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.Trim(value, `"'`)
		switch name {
		case "IMAGE_VERSION":
			r.Version = value
		case "IMAGE_ID":
			if board, ours := strings.CutPrefix(value, "limpid-"); ours {
				r.Board = board
			}
		}
	}
	return r
}

// cpioReader goes through an archive.
type cpioReader struct {
	r    *bufio.Reader
	skip int64 // bytes up to the next header
}

// next gives the next entry, whose data can be read from r.
func (a *cpioReader) next() (name string, size int64, err error) {
	if _, err := io.CopyN(io.Discard, a.r, a.skip); err != nil {
		return "", 0, err
	}
	const fields = 13
	var header [6 + 8*fields]byte
	if _, err := io.ReadFull(a.r, header[:]); err != nil {
		return "", 0, err
	}
	if string(header[:6]) != "070701" {
		return "", 0, errors.New("it holds no firmware")
	}
	field := func(i int) int64 {
		n, parseErr := strconv.ParseUint(string(header[6+8*i:14+8*i]), 16, 32)
		err = errors.Join(err, parseErr)
		return int64(n)
	}
	size, nameSize := field(6), field(11)
	if err != nil || nameSize < 2 || nameSize > maxName {
		return "", 0, errors.New("it holds no firmware, or is damaged")
	}
	text := make([]byte, nameSize)
	if _, err := io.ReadFull(a.r, text); err != nil {
		return "", 0, err
	}
	// Header and name together, and then the data, are filled to four bytes.
	if _, err := a.r.Discard(int(-(int64(len(header)) + nameSize) & 3)); err != nil {
		return "", 0, err
	}
	a.skip = size + -size&3
	name = string(text[:nameSize-1])
	if name == "TRAILER!!!" {
		return "", 0, fmt.Errorf("no %s in it", releaseName)
	}
	return name, size, nil
}
