package disk

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// guid is an identifier as it lies on disk: the first three fields little-endian (UEFI 2.10, appendix A).
type guid [16]byte

// Types of partitions (UEFI 2.10, table 5.7; the Linux type is systemd's and util-linux's "Linux filesystem").
const (
	espType   = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
	linuxType = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
)

// parseGUID reads an identifier as people write it.
func parseGUID(s string) (guid, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != 16 {
		return guid{}, fmt.Errorf("read GUID %q: want 32 hexadecimal digits", s)
	}
	return fromBytes([16]byte(b)), nil
}

// fromBytes turns the order of writing into that of the disk.
func fromBytes(b [16]byte) guid {
	var g guid
	binary.LittleEndian.PutUint32(g[0:], binary.BigEndian.Uint32(b[0:]))
	binary.LittleEndian.PutUint16(g[4:], binary.BigEndian.Uint16(b[4:]))
	binary.LittleEndian.PutUint16(g[6:], binary.BigEndian.Uint16(b[6:]))
	copy(g[8:], b[8:])
	return g
}

// deriveGUID gives the identifier of one thing in an image: a UUID of version 8, which is free in form (RFC 9562, section
// 5.8), so that nobody takes it for a random one.
func deriveGUID(seed [sha256.Size]byte, what string) guid {
	b := [16]byte(derive(seed, what))
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	return fromBytes(b)
}

// volumeID gives the FAT file system's serial number.
func volumeID(seed [sha256.Size]byte) uint32 {
	return binary.BigEndian.Uint32(derive(seed, "volume"))
}

func derive(seed [sha256.Size]byte, what string) []byte {
	sum := sha256.Sum256(append(seed[:], what...))
	return sum[:16]
}
