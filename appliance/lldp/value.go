package lldp

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
)

// kind is how the bytes of an ID are to be read.
type kind int

const (
	asHex kind = iota // of a subtype that the standard reserves
	asText
	asMAC
	asAddress
)

// chassisKinds are those of the subtypes of a chassis ID (table 8-2), portKinds those
// of a port ID (table 8-3).
func chassisKinds() []kind {
	return []kind{asHex, asText, asText, asText, asMAC, asAddress, asText, asText}
}

func portKinds() []kind {
	return []kind{asHex, asText, asText, asMAC, asAddress, asText, asText, asText}
}

// idOf reads an ID, its subtype first. What is not as its subtype has it is shown as it came.
func idOf(kinds []kind, value []byte) (text string, mac bool) {
	how, id := asHex, value[1:]
	if int(value[0]) < len(kinds) {
		how = kinds[value[0]]
	}
	switch how {
	case asMAC:
		if len(id) == 6 {
			return net.HardwareAddr(id).String(), true
		}
	case asAddress:
		if text := address(id); text != "" {
			return text, false
		}
	case asText:
		if printable(id) {
			return safe(id), false
		}
	case asHex:
	}
	return hexText(id), false
}

// longestHex is how many bytes are shown as digits.
const longestHex = 32

func hexText(b []byte) string {
	if len(b) > longestHex {
		return "0x" + hex.EncodeToString(b[:longestHex]) + "..."
	}
	return "0x" + hex.EncodeToString(b)
}

// Families of addresses (IANA, Address Family Numbers).
const (
	familyIPv4 = 1
	familyIPv6 = 2
	familyMAC  = 6
)

// address reads one with its family before it; empty: it is none of those known.
func address(b []byte) string {
	if len(b) < 1 {
		return ""
	}
	family, value := b[0], b[1:]
	switch {
	case family == familyIPv4 && len(value) == 4, family == familyIPv6 && len(value) == 16:
		ip, _ := netip.AddrFromSlice(value)
		return ip.String()
	case family == familyMAC && len(value) == 6:
		return net.HardwareAddr(value).String()
	}
	return ""
}

const (
	// mostAddresses is how many management addresses are kept.
	mostAddresses = 4
	// longestOID is how long the name of a management address may be (8.5.9.1), in bytes.
	longestOID = 128
)

// management reads a management address (8.5.9); empty: there is none.
func management(b []byte) string {
	if len(b) < 1 {
		return ""
	}
	length := int(b[0]) // of family and address
	if length < 2 || length > 32 || len(b) < 1+length+6 {
		return ""
	}
	// Kind and number of an interface (5 bytes), and an object identifier behind its length.
	if oid := int(b[1+length+5]); oid > longestOID || len(b) != 1+length+6+oid {
		return ""
	}
	return address(b[1 : 1+length])
}

// capabilities names what a system does (8.5.8, table 8-4): bits of what it can, then
// of what is turned on. nil: it does not say so.
func capabilities(b []byte) []string {
	if len(b) != 4 {
		return nil
	}
	on := binary.BigEndian.Uint16(b) & binary.BigEndian.Uint16(b[2:])
	names := []string{}
	for bit, name := range []string{"other", "repeater", "bridge", "access point", "router", "telephone", "cable modem", "station",
		"bridge of C-VLANs", "bridge of S-VLANs", "two-port relay"} {
		if on&(1<<bit) != 0 {
			names = append(names, name)
			on &^= 1 << bit
		}
	}
	if on != 0 {
		names = append(names, fmt.Sprintf("bits %#04x", on))
	}
	return names
}
