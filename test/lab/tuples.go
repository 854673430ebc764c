package lab

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// Tuple is what must not change on the way through the box.
type Tuple struct {
	Toward         Direction
	SrcMAC, DstMAC MAC
	VLAN           uint16
	EtherType      uint16
	Protocol       uint8
	Src, Dst       netip.AddrPort
}

func (t Tuple) String() string {
	return fmt.Sprintf("%s %s>%s vlan %d type %#04x proto %d %s>%s",
		t.Toward, t.SrcMAC, t.DstMAC, t.VLAN, t.EtherType, t.Protocol, t.Src, t.Dst)
}

// Header is a tuple with the fields of the IP header that a proxy may write
// anew: to be compared where they are promised, and listed where they are not.
type Header struct {
	Tuple
	TTL, TOS uint8
	DF       bool
}

func (h Header) String() string {
	return fmt.Sprintf("%s ttl %d tos %#02x df %t", h.Tuple, h.TTL, h.TOS, h.DF)
}

// Set counts how often each value was seen.
type Set[T comparable] map[T]int

// Tuple reduces a frame.
func (f Frame) Tuple() Tuple {
	t := Tuple{
		Toward: f.Toward, SrcMAC: f.SrcMAC, DstMAC: f.DstMAC,
		VLAN: f.VLAN, EtherType: f.EtherType, Protocol: f.Protocol,
	}
	if f.Src.IsValid() {
		t.Src, t.Dst = netip.AddrPortFrom(f.Src, f.SrcPort), netip.AddrPortFrom(f.Dst, f.DstPort)
	}
	return t
}

// Tuples reduces a capture to the tuples in it.
func Tuples(frames []Frame) Set[Tuple] {
	s := Set[Tuple]{}
	for _, f := range frames {
		s[f.Tuple()]++
	}
	return s
}

// Headers reduces a capture to the headers in it.
func Headers(frames []Frame) Set[Header] {
	s := Set[Header]{}
	for _, f := range frames {
		s[Header{Tuple: f.Tuple(), TTL: f.TTL, TOS: f.TOS, DF: f.DF}]++
	}
	return s
}

// Diff lists what only one of two sets has, one value a line, "" if they hold
// the same. How often a value was seen is not compared: segments are cut and
// joined differently on each side of a box, and on a plain wire too (GSO).
func Diff[T comparable](a, b Set[T]) string {
	only := func(mark string, x, y Set[T]) []string {
		var lines []string
		for v := range maps.Keys(x) {
			if y[v] == 0 {
				lines = append(lines, fmt.Sprintf("%s %v (%d)", mark, v, x[v]))
			}
		}
		slices.Sort(lines)
		return lines
	}
	return strings.Join(append(only("only in the first:", a, b), only("only in the second:", b, a)...), "\n")
}
