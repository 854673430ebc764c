package flows

import (
	"encoding/binary"
	"net/netip"
)

// Flags of TCP that flows.c does not look at.
const (
	fin = 0x01
	syn = 0x02
	rst = 0x04
	psh = 0x08
	ack = 0x10
	ecn = 0xc0
)

// Protocols and types of ICMP.
const (
	icmp4, tcp, udp, icmp6     = 1, 6, 17, 58
	unreachable4, unreachable6 = 3, 1
)

// macs are the first bytes of a frame.
func (m macs) answer() macs { return macs{m.Source, m.Destination} }

// The answer comes from another router than the SYN went to, and goes to another
// address of the client.
var (
	boxMAC     = mac{2, 0x77, 0, 0, 0, 0xb0}
	clientMACs = macs{mac{2, 0, 0, 0, 2, 1}, mac{2, 0, 0, 0, 1, 1}}
	serverMACs = macs{mac{2, 0, 0, 0, 1, 2}, mac{2, 0, 0, 0, 2, 2}}
	otherMACs  = macs{mac{2, 0, 0, 0, 3, 1}, mac{2, 0, 0, 0, 3, 2}}
	madeUp     = macs{mac{2, 0x4c, 0x50, 0, 0, 1}, boxMAC}
)

// talk is a connection, as both ends see it.
type talk struct{ client, server netip.AddrPort }

// talks are the same in both families.
var talks = map[string]talk{
	"IPv4": {netip.MustParseAddrPort("10.0.0.1:40000"), netip.MustParseAddrPort("192.0.2.9:80")},
	"IPv6": {netip.MustParseAddrPort("[2001:db8::1]:40000"), netip.MustParseAddrPort("[2001:db8:9::9]:80")},
}

// from is the same with another client's port.
func (k talk) from(port uint16) talk {
	return talk{netip.AddrPortFrom(k.client.Addr(), port), k.server}
}

// to is the same with another server's port.
func (k talk) to(port uint16) talk {
	return talk{k.client, netip.AddrPortFrom(k.server.Addr(), port)}
}

func (k talk) key() (key struct {
	Client, Server         [16]byte
	ClientPort, ServerPort [2]byte
}) {
	key.Client, key.Server = k.client.Addr().As16(), k.server.Addr().As16()
	binary.BigEndian.PutUint16(key.ClientPort[:], k.client.Port())
	binary.BigEndian.PutUint16(key.ServerPort[:], k.server.Port())
	return key
}

// up is a frame to the server, down one to the client.
func (k talk) up(flags byte) []byte   { return frame(clientMACs, segment(k.client, k.server, flags)) }
func (k talk) down(flags byte) []byte { return frame(serverMACs, segment(k.server, k.client, flags)) }

// told is what a router behind the client says about a segment to it, and what one
// before the server says about a segment to that.
func (k talk) toldByClient() []byte { return frame(clientMACs, k.quoted(k.server, k.client)) }
func (k talk) toldByServer() []byte { return frame(serverMACs, k.quoted(k.client, k.server)) }

// quoted is an ICMP error about a segment, to the one who sent it.
func (k talk) quoted(from, to netip.AddrPort) []byte {
	router, protocol, kind := netip.MustParseAddr("198.51.100.1"), byte(icmp4), byte(unreachable4)
	if from.Addr().Is6() {
		router, protocol, kind = netip.MustParseAddr("2001:db8:1::1"), icmp6, unreachable6
	}
	message := append([]byte{kind, 0, 0, 0, 0, 0, 0, 0}, segment(from, to, ack)...)
	return packet(router, from.Addr(), protocol, message)
}

func segment(from, to netip.AddrPort, flags byte) []byte {
	b := make([]byte, 20)
	binary.BigEndian.PutUint16(b[0:], from.Port())
	binary.BigEndian.PutUint16(b[2:], to.Port())
	binary.BigEndian.PutUint32(b[4:], 0x01020304)
	b[12], b[13] = 5<<4, flags
	return packet(from.Addr(), to.Addr(), tcp, b)
}

// packet has the checksum of an IPv4 header, which a bridge may look at.
func packet(from, to netip.Addr, protocol byte, body []byte) []byte {
	if from.Is4() {
		b := make([]byte, 12, 20+len(body))
		b[0], b[8], b[9] = 0x45, 64, protocol
		binary.BigEndian.PutUint16(b[2:], uint16(20+len(body)))
		b = append(append(b, from.AsSlice()...), to.AsSlice()...)
		sum := uint32(0)
		for i := 0; i < len(b); i += 2 {
			sum += uint32(binary.BigEndian.Uint16(b[i:]))
		}
		sum = sum>>16 + sum&0xffff
		binary.BigEndian.PutUint16(b[10:], ^uint16(sum+sum>>16))
		return append(b, body...)
	}
	b := make([]byte, 8, 40+len(body))
	b[0], b[6], b[7] = 0x60, protocol, 64
	binary.BigEndian.PutUint16(b[4:], uint16(len(body)))
	return append(append(append(b, from.AsSlice()...), to.AsSlice()...), body...)
}

func frame(m macs, ip []byte) []byte {
	kind := uint16(0x0800)
	if ip[0]>>4 == 6 {
		kind = 0x86dd
	}
	b := append(append([]byte{}, m.Destination[:]...), m.Source[:]...)
	return append(binary.BigEndian.AppendUint16(b, kind), ip...)
}

// with is the frame with other MACs.
func with(m macs, frame []byte) []byte {
	b := append(append([]byte{}, m.Destination[:]...), m.Source[:]...)
	return append(b, frame[12:]...)
}

// set is the frame with other bytes at an offset behind its Ethernet header.
func set(frame []byte, at int, bytes ...byte) []byte {
	b := append([]byte{}, frame...)
	copy(b[14+at:], bytes)
	return b
}

// insert is the frame with bytes between what is before an offset and what is behind it.
func insert(frame []byte, at int, bytes ...byte) []byte {
	b := append([]byte{}, frame[:14+at]...)
	return append(append(b, bytes...), frame[14+at:]...)
}
