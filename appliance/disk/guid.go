package disk

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
)

// guid is a GUID as it lies on the disk: its first three fields little-endian
// (UEFI 2.10, appendix A).
type guid [16]byte

// dataType is "Linux filesystem data", 0FC63DAF-8483-4772-8E79-3D69D8477DE4.
func dataType() guid {
	return guid{0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4}
}

// newGUID makes a random one (RFC 9562, version 4).
func newGUID() guid {
	var g guid
	_, _ = rand.Read(g[:])  // never fails (Go 1.24)
	g[7] = g[7]&0x0f | 4<<4 // version, in the high byte of the third field
	g[8] = g[8]&0x3f | 2<<6 // variant
	return g
}

// String gives the form in which people and GRUB write it.
func (g guid) String() string {
	le := binary.LittleEndian
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", le.Uint32(g[:]), le.Uint16(g[4:]), le.Uint16(g[6:]), g[8:10], g[10:])
}
