package gate

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"
)

// tuple names a connection.
type tuple struct{ client, server netip.AddrPort }

// synPacket is what the gate reads of a client's SYN.
type synPacket struct {
	tuple
	ttl uint8
	tos uint8
}

var errNotSYN = errors.New("not the SYN of a TCP connection")

// parseSYN reads an IPv4 (RFC 791 section 3.1) or IPv6 (RFC 8200 section 3)
// packet that carries a SYN (RFC 9293 section 3.1). A packet with IPv6 extension
// headers is not understood, and so bridged.
func parseSYN(b []byte) (synPacket, error) {
	if len(b) < 1 {
		return synPacket{}, errNotSYN
	}
	switch b[0] >> 4 {
	case 4:
		header := int(b[0]&0x0f) * 4
		if header < 20 || len(b) < header || b[9] != unix.IPPROTO_TCP || binary.BigEndian.Uint16(b[6:])&0x3fff != 0 {
			return synPacket{}, errNotSYN
		}
		return parseTCP(b[header:], synPacket{ttl: b[8], tos: b[1]},
			netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20])))
	case 6:
		if len(b) < 40 || b[6] != unix.IPPROTO_TCP {
			return synPacket{}, errNotSYN
		}
		class := uint8(binary.BigEndian.Uint16(b[0:]) >> 4)
		return parseTCP(b[40:], synPacket{ttl: b[7], tos: class},
			netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40])))
	}
	return synPacket{}, errNotSYN
}

const synFlags, synMask = 0x02, 0x17 // SYN among FIN, SYN, RST and ACK

func parseTCP(b []byte, p synPacket, client, server netip.Addr) (synPacket, error) {
	if len(b) < 20 || b[13]&synMask != synFlags {
		return synPacket{}, errNotSYN
	}
	p.client = netip.AddrPortFrom(client, binary.BigEndian.Uint16(b[0:]))
	p.server = netip.AddrPortFrom(server, binary.BigEndian.Uint16(b[2:]))
	return p, nil
}
