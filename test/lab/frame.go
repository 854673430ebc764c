package lab

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// Direction says where a frame is going. It means the same wherever in the
// lab the frame was captured, unlike incoming and outgoing.
type Direction bool

// The two directions.
const (
	ToServers Direction = false
	ToClients Direction = true
)

func (d Direction) String() string {
	if d == ToServers {
		return "to servers"
	}
	return "to clients"
}

// TCPFlags are the flag bits of a TCP header (RFC 9293 section 3.1).
type TCPFlags uint8

// The flags tests ask for.
const (
	FIN TCPFlags = 1 << iota
	SYN
	RST
	PSH
	ACK
)

// String gives "SYN|ACK", or "-" for none.
func (f TCPFlags) String() string {
	var set []string
	for i, name := range []string{"FIN", "SYN", "RST", "PSH", "ACK"} {
		if f&(1<<i) != 0 {
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		return "-"
	}
	return strings.Join(set, "|")
}

// Frame is one captured frame, decoded as far as the lab's tests care. A
// segment larger than the MTU is normal: it is one that a virtual interface
// carries whole (GSO).
type Frame struct {
	Time     time.Time
	Toward   Direction
	Outgoing bool // left through the interface, rather than arrived

	SrcMAC, DstMAC MAC
	VLAN           uint16 // 0: untagged
	EtherType      uint16 // of what is inside the VLAN tag

	// Of IPv4 and IPv6; Src and Dst also of ARP.
	Src, Dst netip.Addr
	Protocol uint8 // IP protocol number of the transport header
	TTL, TOS uint8 // hop limit and traffic class in IPv6
	DF       bool

	// Of TCP and UDP.
	SrcPort, DstPort uint16
	Flags            TCPFlags
	Seq, Ack         uint32
	Window           uint16

	// Of ICMP and ICMPv6.
	ICMPType, ICMPCode uint8

	// Payload is what follows the innermost header that was decoded.
	Payload []byte
	// Data is the whole frame, VLAN tag included.
	Data []byte
	// Err says why decoding stopped early; nil for what the decoder does not
	// know, whose bytes are in Payload.
	Err error
}

// String is one line for a log, in the manner of tcpdump.
func (f Frame) String() string {
	s := fmt.Sprintf("%s %s %s > %s", f.Time.Format("15:04:05.000000"), f.Toward, f.SrcMAC, f.DstMAC)
	if f.VLAN != 0 {
		s += fmt.Sprintf(" vlan %d", f.VLAN)
	}
	if !f.Src.IsValid() {
		return s + fmt.Sprintf(" type %#04x length %d", f.EtherType, len(f.Data))
	}
	s += fmt.Sprintf(" %s > %s ttl %d", netip.AddrPortFrom(f.Src, f.SrcPort), netip.AddrPortFrom(f.Dst, f.DstPort), f.TTL)
	if f.Protocol == uint8(layers.IPProtocolTCP) {
		s += fmt.Sprintf(" %s seq %d ack %d", f.Flags, f.Seq, f.Ack)
	}
	return s + fmt.Sprintf(" payload %d", len(f.Payload))
}

// decoder turns bytes into Frames; it reuses its layers, so one goroutine each.
type decoder struct {
	parser *gopacket.DecodingLayerParser
	found  []gopacket.LayerType

	eth   layers.Ethernet
	vlan  layers.Dot1Q
	arp   layers.ARP
	ip4   layers.IPv4
	ip6   layers.IPv6
	tcp   layers.TCP
	udp   layers.UDP
	icmp4 layers.ICMPv4
	icmp6 layers.ICMPv6
	rest  gopacket.Payload
}

// newDecoder knows the protocols of the lab; more are payload.
func newDecoder() *decoder {
	d := &decoder{}
	d.parser = gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet,
		&d.eth, &d.vlan, &d.arp, &d.ip4, &d.ip6, &d.tcp, &d.udp, &d.icmp4, &d.icmp6, &d.rest)
	// What has no decoder here ends the decoding, with its bytes as payload.
	d.parser.IgnoreUnsupported = true
	return d
}

// decode keeps data in the frame: the caller must not use it again.
func (d *decoder) decode(data []byte) Frame {
	f := Frame{Data: data}
	f.Err = d.parser.DecodeLayers(data, &d.found)
	for _, layer := range d.found {
		switch layer {
		case layers.LayerTypeEthernet:
			f.SrcMAC, f.DstMAC = MAC(d.eth.SrcMAC), MAC(d.eth.DstMAC)
			f.EtherType, f.Payload = uint16(d.eth.EthernetType), d.eth.Payload
			// An 802.3 frame has a length there; its LLC header is payload.
			if d.eth.Length != 0 {
				f.EtherType = d.eth.Length
			}
		case layers.LayerTypeDot1Q:
			f.VLAN, f.EtherType, f.Payload = d.vlan.VLANIdentifier, uint16(d.vlan.Type), d.vlan.Payload
		case layers.LayerTypeARP:
			f.Src, _ = netip.AddrFromSlice(d.arp.SourceProtAddress)
			f.Dst, _ = netip.AddrFromSlice(d.arp.DstProtAddress)
			f.Payload = d.arp.Payload
		case layers.LayerTypeIPv4:
			f.Src, _ = netip.AddrFromSlice(d.ip4.SrcIP)
			f.Dst, _ = netip.AddrFromSlice(d.ip4.DstIP)
			f.Protocol, f.TTL, f.TOS = uint8(d.ip4.Protocol), d.ip4.TTL, d.ip4.TOS
			f.DF, f.Payload = d.ip4.Flags&layers.IPv4DontFragment != 0, d.ip4.Payload
		case layers.LayerTypeIPv6:
			f.Src, _ = netip.AddrFromSlice(d.ip6.SrcIP)
			f.Dst, _ = netip.AddrFromSlice(d.ip6.DstIP)
			f.Protocol, f.TTL, f.TOS = uint8(d.ip6.NextHeader), d.ip6.HopLimit, d.ip6.TrafficClass
			f.Payload = d.ip6.Payload
		case layers.LayerTypeTCP:
			f.SrcPort, f.DstPort = uint16(d.tcp.SrcPort), uint16(d.tcp.DstPort)
			// The byte of flags itself: cheaper than eight booleans.
			f.Flags = TCPFlags(d.tcp.Contents[13])
			f.Seq, f.Ack, f.Window, f.Payload = d.tcp.Seq, d.tcp.Ack, d.tcp.Window, d.tcp.Payload
		case layers.LayerTypeUDP:
			f.SrcPort, f.DstPort, f.Payload = uint16(d.udp.SrcPort), uint16(d.udp.DstPort), d.udp.Payload
		case layers.LayerTypeICMPv4:
			f.ICMPType, f.ICMPCode, f.Payload = d.icmp4.TypeCode.Type(), d.icmp4.TypeCode.Code(), d.icmp4.Payload
		case layers.LayerTypeICMPv6:
			f.ICMPType, f.ICMPCode, f.Payload = d.icmp6.TypeCode.Type(), d.icmp6.TypeCode.Code(), d.icmp6.Payload
		}
	}
	return f
}
