package lab

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// Filter chooses frames; a capture keeps those that pass all of its filters.
type Filter func(Frame) bool

// TCP passes TCP segments from or to any of the ports, or all TCP if none is
// given.
func TCP(ports ...uint16) Filter {
	return func(f Frame) bool { return f.Protocol == unix.IPPROTO_TCP && f.hasPort(ports) }
}

// UDP is TCP's like for UDP.
func UDP(ports ...uint16) Filter {
	return func(f Frame) bool { return f.Protocol == unix.IPPROTO_UDP && f.hasPort(ports) }
}

// hasPort: one of its ports is in the list, or the list is empty.
func (f Frame) hasPort(ports []uint16) bool {
	for _, p := range ports {
		if f.SrcPort == p || f.DstPort == p {
			return true
		}
	}
	return len(ports) == 0
}

// ICMP passes ICMP and ICMPv6 but the neighbour discovery of the latter.
func ICMP() Filter {
	return func(f Frame) bool {
		switch f.Protocol {
		case unix.IPPROTO_ICMP:
			return true
		case unix.IPPROTO_ICMPV6:
			return f.ICMPType < 133 || f.ICMPType > 137 // RFC 4861 section 4
		}
		return false
	}
}

// EtherType passes frames of that type, VLAN tag or not.
func EtherType(t uint16) Filter {
	return func(f Frame) bool { return f.EtherType == t }
}

// Host passes what comes from or goes to the address.
func Host(a netip.Addr) Filter {
	return func(f Frame) bool { return f.Src == a || f.Dst == a }
}

// Toward passes one direction.
func Toward(d Direction) Filter {
	return func(f Frame) bool { return f.Toward == d }
}

// WithFlags passes TCP segments that have all of the flags set.
func WithFlags(flags TCPFlags) Filter {
	return func(f Frame) bool { return f.Protocol == unix.IPPROTO_TCP && f.Flags&flags == flags }
}

// Select returns the frames that pass all filters.
func Select(frames []Frame, filters ...Filter) []Frame {
	var kept []Frame
	for _, f := range frames {
		if passes(f, filters) {
			kept = append(kept, f)
		}
	}
	return kept
}

// passes: all filters agree.
func passes(f Frame, filters []Filter) bool {
	for _, keep := range filters {
		if !keep(f) {
			return false
		}
	}
	return true
}
