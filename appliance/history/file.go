package history

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"
)

// magic begins a file; its last digit is the version of the format. Behind it come the
// names, joined by line feeds, with their length before them; then each ring but the
// finest, as numbers and counts; at last the CRC-32 of all before. Numbers are
// little-endian and of 64 bits.
const magic = "limpid history 1\n"

// errNot says that a file is none of ours, of this version and with these names.
var errNot = errors.New("it is no history of these counts")

// Marshal gives what is worth keeping over a restart.
func (h *History) Marshal() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := []byte(magic)
	names := strings.Join(h.names, "\n")
	b = binary.LittleEndian.AppendUint64(b, uint64(len(names)))
	b = append(b, names...)
	for _, r := range h.rings[1:] {
		for i := range r.slots {
			b = binary.LittleEndian.AppendUint64(b, r.slots[i].number)
			for _, n := range r.slots[i].counts {
				b = binary.LittleEndian.AppendUint64(b, n)
			}
		}
	}
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// Unmarshal takes what Marshal gave before now. An error changes nothing.
func (h *History) Unmarshal(b []byte, now time.Time) error {
	names := strings.Join(h.names, "\n")
	head := binary.LittleEndian.AppendUint64([]byte(magic), uint64(len(names)))
	head = append(head, names...)
	h.mu.Lock()
	defer h.mu.Unlock()
	size := len(head) + crc32.Size
	for _, r := range h.rings[1:] {
		size += len(r.slots) * 8 * (1 + len(h.names))
	}
	if len(b) != size || !bytes.HasPrefix(b, head) {
		return fmt.Errorf("read history: %w", errNot)
	}
	body := b[:len(b)-crc32.Size]
	if binary.LittleEndian.Uint32(b[len(body):]) != crc32.ChecksumIEEE(body) {
		return errors.New("read history: it is damaged")
	}
	rest := body[len(head):]
	next := func() uint64 {
		n := binary.LittleEndian.Uint64(rest)
		rest = rest[8:]
		return n
	}
	for _, r := range h.rings[1:] {
		latest := uint64(now.Unix()) / uint64(r.step/time.Second)
		for i := range r.slots {
			s := slot{number: next(), counts: slices.Clone(r.slots[i].counts)}
			for k := range s.counts {
				s.counts[k] = next()
			}
			// A clock that was fast then has left points of a time to come.
			if s.number <= latest && s.number%uint64(len(r.slots)) == uint64(i) && r.slots[i].number == 0 {
				r.slots[i] = s
			}
		}
	}
	return nil
}
