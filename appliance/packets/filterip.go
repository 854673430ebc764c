package packets

import "golang.org/x/net/bpf"

// The blocks of this file find the length of VLAN tags in X, and end on every way.

// Numbers of protocols (IANA, Protocol Numbers); the first three have ports where
// TCP has them (RFC 9293, 768, 9260), the others are headers of IPv6 that another one
// follows (RFC 8200, section 4).
const (
	protoTCP      = 6
	protoUDP      = 17
	protoSCTP     = 132
	nextHopByHop  = 0
	nextRouting   = 43
	nextFragment  = 44
	nextOptions   = 60
	maxExtensions = 4 // that are looked behind
)

// ipv4 is for frames with IPv4 (RFC 791).
func (f Filter) ipv4() []bpf.Instruction {
	const source, destination = 14 + 12, 14 + 16
	block := f.atLeast(14 + 20)
	block = append(block, f.notOwn4(source, destination)...)
	block = append(block, f.host4(source, destination)...)
	if len(f.numbers()) == 0 {
		return append(block, f.take())
	}
	block = append(block, bpf.LoadIndirect{Off: 14 + 9, Size: 1})
	block = append(block, hasPorts()...)
	block = append(block,
		// A later fragment has no ports.
		bpf.LoadIndirect{Off: 14 + 6, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: 0x1fff, SkipTrue: 1},
		drop(),
		bpf.LoadIndirect{Off: 14, Size: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf},
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2},
		bpf.ALUOpX{Op: bpf.ALUOpAdd},
		bpf.TAX{},
	)
	return append(block, f.port()...)
}

// arp is for frames with ARP about IPv4 on Ethernet (RFC 826).
func (f Filter) arp() []bpf.Instruction {
	const sender, target = 14 + 14, 14 + 24
	block := f.atLeast(14 + 28)
	block = append(block,
		bpf.LoadIndirect{Off: 14 + 2, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherIPv4<<16 | 0x0604, SkipTrue: 1},
		f.unread(),
	)
	block = append(block, f.notOwn4(sender, target)...)
	block = append(block, f.host4(sender, target)...)
	if len(f.numbers()) != 0 {
		return append(block, drop())
	}
	return append(block, f.take())
}

// notOwn4 drops what has an address of the box's at one of the places.
func (f Filter) notOwn4(places ...uint32) (block []bpf.Instruction) {
	for _, at := range places {
		block = append(block, bpf.LoadIndirect{Off: at, Size: 4})
		for _, own := range f.Own.Addresses {
			if own.Is4() {
				a := own.As4()
				block = append(block, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: word(a[:]), SkipTrue: 1}, drop())
			}
		}
	}
	return block
}

// host4 drops what has the host at neither place.
func (f Filter) host4(one, other uint32) []bpf.Instruction {
	switch {
	case !f.Host.IsValid():
		return nil
	case !f.Host.Is4():
		return []bpf.Instruction{drop()}
	}
	a := f.Host.As4()
	return []bpf.Instruction{
		bpf.LoadIndirect{Off: one, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: word(a[:]), SkipTrue: 3},
		bpf.LoadIndirect{Off: other, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: word(a[:]), SkipTrue: 1},
		drop(),
	}
}

// ipv6 is for frames with IPv6 (RFC 8200).
func (f Filter) ipv6() []bpf.Instruction {
	const source, destination = 14 + 8, 14 + 24
	block := f.atLeast(14 + 40)
	for _, own := range f.Own.Addresses {
		if own.Is4() {
			continue
		}
		for _, at := range []uint32{source, destination} {
			block = append(block, is6(at, own.As16(), drop())...)
		}
	}
	switch {
	case f.Host.IsValid() && !f.Host.Is6():
		return append(block, drop())
	case f.Host.IsValid():
		// Each comparison that holds leads behind the last instruction.
		second := is6(destination, f.Host.As16(), bpf.Jump{Skip: 1})
		block = append(block, is6(source, f.Host.As16(), bpf.Jump{Skip: uint32(len(second)) + 1})...)
		block = append(append(block, second...), drop())
	}
	if len(f.numbers()) == 0 {
		return append(block, f.take())
	}
	block = append(block, behindExtensions()...)
	block = append(block, hasPorts()...)
	return append(block, f.port()...)
}

// is6 does then if the address stands there.
func is6(at uint32, address [16]byte, then bpf.Instruction) (block []bpf.Instruction) {
	for i := uint32(0); i < 16; i += 4 {
		block = append(block,
			bpf.LoadIndirect{Off: at + i, Size: 4},
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: word(address[i : i+4]), SkipTrue: uint8(2*(3-i/4) + 1)},
		)
	}
	return append(block, then)
}

// behindExtensions leaves the number of the protocol in A, and in X where its header
// begins less 14; it drops later fragments, which have no ports.
func behindExtensions() []bpf.Instruction {
	const next = 0 // of the scratch memory: the number of the header at X
	advance := []bpf.Instruction{bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{}}
	block := []bpf.Instruction{
		bpf.LoadIndirect{Off: 14 + 6, Size: 1},
		bpf.StoreScratch{Src: bpf.RegA, N: next},
		bpf.LoadConstant{Dst: bpf.RegA, Val: 40},
	}
	block = append(block, advance...)
	fragment := append([]bpf.Instruction{
		bpf.LoadIndirect{Off: 14 + 2, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: 0xfff8, SkipTrue: 1},
		drop(),
		bpf.LoadIndirect{Off: 14, Size: 1},
		bpf.StoreScratch{Src: bpf.RegA, N: next},
		bpf.LoadConstant{Dst: bpf.RegA, Val: 8},
	}, advance...)
	options := append([]bpf.Instruction{
		bpf.LoadIndirect{Off: 14, Size: 1},
		bpf.StoreScratch{Src: bpf.RegA, N: next},
		bpf.LoadIndirect{Off: 15, Size: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 3},
	}, advance...)
	f, o := uint8(len(fragment)), uint8(len(options))
	for range maxExtensions {
		block = append(block,
			bpf.LoadScratch{Dst: bpf.RegA, N: next},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: nextHopByHop, SkipTrue: f + 5},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: nextRouting, SkipTrue: f + 4},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: nextOptions, SkipTrue: f + 3},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: nextFragment, SkipTrue: 1},
			bpf.Jump{Skip: uint32(f) + 1 + uint32(o)}, // it is what was looked for
		)
		block = append(block, fragment...)
		block = append(block, bpf.Jump{Skip: uint32(o)})
		block = append(block, options...)
	}
	return append(block, bpf.LoadScratch{Dst: bpf.RegA, N: next})
}

// hasPorts drops what has a protocol in A that has no ports.
func hasPorts() []bpf.Instruction {
	return []bpf.Instruction{
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoTCP, SkipTrue: 3},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoUDP, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoSCTP, SkipTrue: 1},
		drop(),
	}
}

// port takes what has one of the ports at either end; the header begins 14 behind X.
func (f Filter) port() (block []bpf.Instruction) {
	for _, at := range []uint32{14, 16} {
		block = append(block, bpf.LoadIndirect{Off: at, Size: 2})
		for _, number := range f.numbers() {
			block = append(block, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(number), SkipTrue: 1}, f.take())
		}
	}
	return append(block, drop())
}
