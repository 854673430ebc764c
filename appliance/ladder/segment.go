package ladder

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"time"

	"limpid/appliance/control"
)

// Frame is what was seen, with a VLAN tag where it belongs.
type Frame struct {
	Data   []byte // from the Ethernet header on, as much as was kept of it
	Length int    // in bytes, before anything was cut off
	Place  control.Place
	Device string
	Out    bool // it left the box there, or its TCP
	At     time.Time
}

// segment is what is kept of a frame with TCP.
type segment struct {
	place    control.Place
	device   string
	out      bool
	at       time.Time
	fromMAC  [6]byte
	toMAC    [6]byte
	vlan     uint16
	from, to netip.AddrPort
	ttl      uint8
	seq, ack uint32
	flags    uint8
	length   int // of the payload, in bytes
	head     string
}

// Flags of TCP (RFC 9293, section 3.1).
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

// Values of EtherType (IEEE 802 numbers, IANA), and the number of TCP.
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	etherTag  = 0x8100
	etherSTag = 0x88a8
	protoTCP  = 6
)

// Lengths of headers without options, in bytes.
const (
	ethernetLength = 14
	tagLength      = 4
	ipv4Length     = 20
	ipv6Length     = 40
	tcpLength      = 20
)

// errOther says that a frame is none with TCP that begins in it, or is broken.
var errOther = errors.New("no TCP")

// read reads a frame. What limpid never captures is no segment here: later fragments,
// IPv6 with other headers before TCP, more than two tags.
func read(f Frame) (segment, error) {
	s := segment{place: f.Place, device: f.Device, out: f.Out, at: f.At}
	data := f.Data
	if len(data) < ethernetLength {
		return s, errOther
	}
	copy(s.toMAC[:], data)
	copy(s.fromMAC[:], data[6:])
	var kind uint16
	at := ethernetLength - 2
	for tags := 0; ; tags++ {
		if len(data) < at+2 {
			return s, errOther
		}
		kind = binary.BigEndian.Uint16(data[at:])
		if kind != etherTag && kind != etherSTag || tags == 2 {
			break
		}
		if len(data) < at+tagLength {
			return s, errOther
		}
		if tags == 0 {
			s.vlan = binary.BigEndian.Uint16(data[at+2:]) & 0xfff
		}
		at += tagLength
	}
	data = data[at+2:]
	// What follows the packet is padding, if the packet says how long it is.
	packet := f.Length - at - 2
	switch kind {
	case etherIPv4:
		return s.readIPv4(data, packet)
	case etherIPv6:
		return s.readIPv6(data, packet)
	}
	return s, errOther
}

// readIPv4 reads a packet (RFC 791, section 3.1) of so many bytes.
func (s segment) readIPv4(data []byte, length int) (segment, error) {
	if len(data) < ipv4Length || data[0]>>4 != 4 {
		return s, errOther
	}
	header := int(data[0]&0xf) * 4
	const offset = 0x1fff
	if header < ipv4Length || len(data) < header || data[9] != protoTCP || binary.BigEndian.Uint16(data[6:])&offset != 0 {
		return s, errOther
	}
	// Packets that the kernel has merged may be longer than they can say.
	if said := int(binary.BigEndian.Uint16(data[2:])); said != 0 {
		length = said
	}
	s.ttl = data[8]
	from, to := netip.AddrFrom4([4]byte(data[12:16])), netip.AddrFrom4([4]byte(data[16:20]))
	return s.readTCP(from, to, data[header:], length-header)
}

// readIPv6 reads a packet (RFC 8200, section 3) of so many bytes.
func (s segment) readIPv6(data []byte, length int) (segment, error) {
	if len(data) < ipv6Length || data[0]>>4 != 6 || data[6] != protoTCP {
		return s, errOther
	}
	length -= ipv6Length
	if said := int(binary.BigEndian.Uint16(data[4:])); said != 0 {
		length = said
	}
	s.ttl = data[7]
	from, to := netip.AddrFrom16([16]byte(data[8:24])), netip.AddrFrom16([16]byte(data[24:40]))
	return s.readTCP(from, to, data[ipv6Length:], length)
}

// readTCP reads a segment (RFC 9293, section 3.1) of so many bytes.
func (s segment) readTCP(from, to netip.Addr, data []byte, length int) (segment, error) {
	if len(data) < tcpLength {
		return s, errOther
	}
	header := int(data[12]>>4) * 4
	if header < tcpLength || length < header {
		return s, errOther
	}
	s.from = netip.AddrPortFrom(from, binary.BigEndian.Uint16(data))
	s.to = netip.AddrPortFrom(to, binary.BigEndian.Uint16(data[2:]))
	s.seq, s.ack = binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	s.flags = data[13] & (flagFIN | flagSYN | flagRST | flagPSH | flagACK)
	s.length = length - header
	if len(data) > header && s.length > 0 {
		s.head = headOf(data[header:min(len(data), header+s.length)])
	}
	return s, nil
}

// seqs is how many sequence numbers it takes.
func (s segment) seqs() uint32 {
	n := uint32(s.length)
	if s.flags&flagSYN != 0 {
		n++
	}
	if s.flags&flagFIN != 0 {
		n++
	}
	return n
}

func (s segment) has(flags uint8) bool { return s.flags&flags == flags }

// opens says that it asks for a connection.
func (s segment) opens() bool { return s.flags&(flagSYN|flagACK|flagRST) == flagSYN }

// plain says that nothing is lost when it is not shown: it neither begins nor ends
// a connection, or a head.
func (s segment) plain() bool { return s.flags&(flagSYN|flagFIN|flagRST) == 0 && s.head == "" }

// words are its flags.
func (s segment) words() string {
	var words []string
	for _, f := range []struct {
		flag uint8
		word string
	}{{flagSYN, "SYN"}, {flagFIN, "FIN"}, {flagRST, "RST"}, {flagPSH, "PSH"}, {flagACK, "ACK"}} {
		if s.has(f.flag) {
			words = append(words, f.word)
		}
	}
	return strings.Join(words, " ")
}
