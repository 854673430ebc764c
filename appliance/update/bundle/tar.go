package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// block is the unit of a tar archive, in bytes.
const block = 512

// errNotTar says that a member's header is not one of a bundle.
var errNotTar = errors.New("it is no limpid bundle, or it is damaged")

// member is a file's header in a tar archive.
type member struct {
	name string
	size int64
}

// padding is how many bytes of filling follow a member's data.
func (m member) padding() int64 { return -m.size & (block - 1) }

// parseMember reads a header in the POSIX ustar form (IEEE 1003.1, pax, "ustar
// Interchange Format") of a plain file with a short name: the only thing that
// is in a bundle. Anything else that tar archives can hold is refused.
func parseMember(header []byte) (member, error) {
	var (
		name     = header[0:100]
		size     = header[124:136]
		checksum = header[148:156]
		kind     = header[156]
		link     = header[157:257]
		magic    = header[257:265]
		prefix   = header[345:500]
	)
	if !bytes.Equal(magic, []byte("ustar\x0000")) {
		return member{}, errNotTar
	}
	want, ok := octal(checksum)
	if !ok || want != headerSum(header) {
		return member{}, fmt.Errorf("%w: wrong sum of a tar header", errNotTar)
	}
	if kind != '0' || link[0] != 0 || prefix[0] != 0 {
		return member{}, fmt.Errorf("%w: a member is not a plain file", errNotTar)
	}
	// Nothing comes of them, but other readers stumble.
	for _, field := range [][]byte{header[100:108], header[108:116], header[116:124], header[136:148], header[329:337], header[337:345]} {
		if _, ok := octal(field); !ok && len(bytes.Trim(field, " \x00")) > 0 {
			return member{}, fmt.Errorf("%w: mode, owner, time or device of a member is no number", errNotTar)
		}
	}
	var m member
	text, rest, ok := bytes.Cut(name, []byte{0})
	if !ok || len(bytes.Trim(rest, "\x00")) > 0 {
		return member{}, fmt.Errorf("%w: the name of a member is too long", errNotTar)
	}
	m.name = string(text)
	if m.size, ok = octal(size); !ok {
		return member{}, fmt.Errorf("%w: the size of %.64q is no number", errNotTar, m.name)
	}
	return m, nil
}

// octal reads a number field: digits, then spaces or zeros to the end. Leading
// spaces, as old archives have them, are not wanted.
func octal(field []byte) (int64, bool) {
	n, err := strconv.ParseInt(string(bytes.TrimRight(field, " \x00")), 8, 64)
	return n, err == nil && field[0] >= '0' && field[0] <= '7'
}

// headerSum is the sum of a header's bytes, its own field counting as spaces.
func headerSum(header []byte) int64 {
	var sum int64
	for i, c := range header {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int64(c)
	}
	return sum
}
