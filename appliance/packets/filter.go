package packets

import (
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/net/bpf"
)

// SnapLength is how much of a frame is recorded, in bytes: all of it. The longest
// are those that the kernel has merged.
const SnapLength = 1 << 18

// HeadLength is as much of a frame as has its headers, and a first line of text.
const HeadLength = 512

// maxInstructions is what the kernel takes as a filter (BPF_MAXINSNS, include/uapi/linux/bpf_common.h).
const maxInstructions = 4096

// Filter chooses frames. The zero value of a field but Ports chooses all.
type Filter struct {
	Ports []int      // indices of interfaces
	Host  netip.Addr // that sends or receives, or is meant by ARP
	Port  uint16     // of TCP, UDP or SCTP, at either end
	Some  []uint16   // without Port: at either end one of these
	VLAN  uint16     // ID in the outer tag, 1 to 4094
	Own   Own        // never recorded
	Short bool       // only HeadLength of each frame is wanted
}

// Own is what the box itself is known by.
type Own struct {
	MACs      [][6]byte
	Addresses []netip.Addr
}

// Program is the filter as classic BPF (Documentation/networking/filter.rst). An
// instruction that reads behind the end of a frame drops it.
func (f Filter) Program() ([]bpf.RawInstruction, error) {
	program := f.instructions()
	if len(program) > maxInstructions {
		return nil, fmt.Errorf("filter frames: the box has %d addresses, and %d ports are wanted, which is more than a filter can tell apart", len(f.Own.Addresses), len(f.numbers()))
	}
	raw, err := bpf.Assemble(program)
	if err != nil {
		return nil, fmt.Errorf("filter frames: %w", err)
	}
	return raw, nil
}

func (f Filter) instructions() []bpf.Instruction {
	program := slices.Concat(f.fromPorts(), f.notOwnMACs(), f.inVLAN(), toNetwork())
	for _, layer := range []struct {
		etherType uint32
		block     []bpf.Instruction
	}{{etherIPv4, f.ipv4()}, {etherIPv6, f.ipv6()}, {etherARP, f.arp()}} {
		// A block is longer than a conditional jump reaches.
		program = append(program,
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: layer.etherType, SkipTrue: 1},
			bpf.Jump{Skip: uint32(len(layer.block))},
		)
		program = append(program, layer.block...)
	}
	return append(program, f.unread())
}

// Values of EtherType (IEEE 802 numbers, IANA).
const (
	etherIPv4 = 0x0800
	etherARP  = 0x0806
	etherIPv6 = 0x86dd
	etherTag  = 0x8100
	etherSTag = 0x88a8
)

// drop and take end a filter.
func drop() bpf.Instruction { return bpf.RetConstant{} }

func (f Filter) take() bpf.Instruction {
	if f.Short {
		return bpf.RetConstant{Val: HeadLength}
	}
	return bpf.RetConstant{Val: SnapLength}
}

// numbers are the ports that are wanted; none: all.
func (f Filter) numbers() []uint16 {
	if f.Port != 0 {
		return []uint16{f.Port}
	}
	return f.Some
}

// unread is what becomes of a frame whose addresses are not to be had.
func (f Filter) unread() bpf.Instruction {
	if f.Host.IsValid() || len(f.numbers()) != 0 {
		return drop()
	}
	return f.take()
}

func (f Filter) fromPorts() []bpf.Instruction {
	program := []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtInterfaceIndex}}
	for i, index := range f.Ports {
		left := len(f.Ports) - i - 1
		program = append(program, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(index), SkipTrue: uint8(left + 1)})
	}
	return append(program, drop())
}

// notOwnMACs drops what the box itself sends, or is sent.
func (f Filter) notOwnMACs() (program []bpf.Instruction) {
	for _, mac := range f.Own.MACs {
		for _, at := range []uint32{0, 6} { // destination, source
			program = append(program,
				bpf.LoadAbsolute{Off: at, Size: 4},
				bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: word(mac[:4]), SkipTrue: 3},
				bpf.LoadAbsolute{Off: at + 4, Size: 2},
				bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: word(mac[4:]), SkipTrue: 1},
				drop(),
			)
		}
	}
	return program
}

// inVLAN looks for the outer tag where the kernel keeps it after it has taken it out
// of a frame (net/core/skbuff.c, skb_vlan_untag), and in the frame.
func (f Filter) inVLAN() []bpf.Instruction {
	if f.VLAN == 0 {
		return nil
	}
	return []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtVLANTagPresent},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 2},
		bpf.LoadExtension{Num: bpf.ExtVLANTag},
		bpf.Jump{Skip: 5},
		bpf.LoadAbsolute{Off: 12, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherTag, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherSTag, SkipTrue: 1},
		drop(),
		bpf.LoadAbsolute{Off: 14, Size: 2},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfff},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(f.VLAN), SkipTrue: 1},
		drop(),
	}
}

// toNetwork leaves the EtherType behind at most two tags in A, and the length of
// these tags in X.
func toNetwork() []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadConstant{Dst: bpf.RegX, Val: 0},
		bpf.LoadAbsolute{Off: 12, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherTag, SkipTrue: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: etherSTag, SkipTrue: 6},
		bpf.LoadConstant{Dst: bpf.RegX, Val: 4},
		bpf.LoadAbsolute{Off: 16, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherTag, SkipTrue: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: etherSTag, SkipTrue: 2},
		bpf.LoadConstant{Dst: bpf.RegX, Val: 8},
		bpf.LoadAbsolute{Off: 20, Size: 2},
	}
}

// atLeast has a frame that ends before length, counted without tags, treated as one
// that cannot be read.
func (f Filter) atLeast(length uint32) []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtLen},
		bpf.ALUOpX{Op: bpf.ALUOpSub},
		bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: length, SkipTrue: 1},
		f.unread(),
	}
}

// word is a big-endian number of up to four bytes.
func word(b []byte) (n uint32) {
	for _, octet := range b {
		n = n<<8 | uint32(octet)
	}
	return n
}
