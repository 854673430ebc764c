package neighbours

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// groups are where LLDP goes to, by their last four bytes: the nearest bridge, the nearest
// that is no two-port relay, and the nearest customer's (IEEE 802.1AB, table 7-1).
func groups() []uint32 { return []uint32{0xc200000e, 0xc2000003, 0xc2000000} }

const groupPrefix = 0x0180 // of all three

// filter takes frames that came in by the port of a mark and go to one of the groups.
// One with a tag of another VLAN than 0 is not for the kernel (PACKET_OTHERHOST), and
// one that the box sends is none of the kind either.
func filter(mark uint32) []bpf.Instruction {
	program := []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtMark},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: mark, SkipTrue: 1},
		bpf.RetConstant{},
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PACKET_MULTICAST, SkipTrue: 1},
		bpf.RetConstant{},
		bpf.LoadAbsolute{Off: 0, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: groupPrefix, SkipTrue: 1},
		bpf.RetConstant{},
		bpf.LoadAbsolute{Off: 2, Size: 4},
	}
	for i, group := range groups() {
		left := len(groups()) - i - 1
		program = append(program, bpf.JumpIf{Cond: bpf.JumpEqual, Val: group, SkipTrue: uint8(left + 1)})
	}
	// One byte more than is kept, so that what is too long is seen to be.
	return append(program, bpf.RetConstant{}, bpf.RetConstant{Val: MaxFrame + 1})
}

// attach gives a socket its filter, for good.
func attach(fd int, mark uint32) error {
	program, err := bpf.Assemble(filter(mark))
	if err != nil {
		return fmt.Errorf("make filter: %w", err)
	}
	filters := make([]unix.SockFilter, len(program))
	for i, in := range program {
		filters[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(filters)), Filter: unsafe.SliceData(filters)}); err != nil {
		return fmt.Errorf("attach filter: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 1); err != nil {
		return fmt.Errorf("lock filter: %w", err)
	}
	return nil
}

// networkOrder gives a number whose bytes in memory are big-endian.
func networkOrder(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}
