package poweron

import (
	"encoding/binary"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// timeAhead is by how much the time server's clock is ahead of the machine's.
const timeAhead = 2 * time.Hour

// serveNamesAndTime answers at a port as a name server at 192.0.2.53, which knows
// time.example, and as that, at 192.0.2.123. It closes told when it has told the time.
func serveNamesAndTime(t *testing.T, port *Port) (told <-chan struct{}) {
	t.Helper()
	answered := make(chan struct{})
	once := sync.OnceFunc(func() { close(answered) })
	var serving sync.WaitGroup
	serving.Go(func() {
		for t.Context().Err() == nil {
			frame, err := port.Receive(time.Second)
			if err != nil {
				continue
			}
			answer, isTime := answerTo(frame)
			if answer != nil {
				port.Send(answer)
			}
			if isTime {
				once()
			}
		}
	})
	t.Cleanup(serving.Wait)
	return answered
}

// answerTo gives the frame that answers a question, nil for anything else.
func answerTo(frame []byte) (answer []byte, isTime bool) {
	const us = "\x02\x00\x00\x00\x00\x53"
	packet := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	from, ok := packet.LinkLayer().(*layers.Ethernet)
	if !ok {
		return nil, false
	}
	ethernet := &layers.Ethernet{SrcMAC: net.HardwareAddr(us), DstMAC: from.SrcMAC, EthernetType: from.EthernetType}
	if ask, ok := packet.Layer(layers.LayerTypeARP).(*layers.ARP); ok {
		at := net.IP(ask.DstProtAddress).String()
		if ask.Operation != layers.ARPRequest || at != "192.0.2.53" && at != "192.0.2.123" {
			return nil, false
		}
		return packed(ethernet, &layers.ARP{
			AddrType: ask.AddrType, Protocol: ask.Protocol, HwAddressSize: 6, ProtAddressSize: 4, Operation: layers.ARPReply,
			SourceHwAddress: []byte(us), SourceProtAddress: ask.DstProtAddress, DstHwAddress: ask.SourceHwAddress, DstProtAddress: ask.SourceProtAddress,
		}), false
	}
	ip, ok := packet.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	if !ok {
		return nil, false
	}
	udp, ok := packet.Layer(layers.LayerTypeUDP).(*layers.UDP)
	if !ok {
		return nil, false
	}
	back := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: ip.DstIP, DstIP: ip.SrcIP}
	reply := &layers.UDP{SrcPort: udp.DstPort, DstPort: udp.SrcPort}
	_ = reply.SetNetworkLayerForChecksum(back) // of IPv4, which it takes
	if ask, ok := packet.Layer(layers.LayerTypeDNS).(*layers.DNS); ok && ip.DstIP.String() == "192.0.2.53" && !ask.QR && len(ask.Questions) == 1 {
		names := &layers.DNS{ID: ask.ID, QR: true, RD: ask.RD, RA: true, Questions: ask.Questions}
		if q := ask.Questions[0]; string(q.Name) != "time.example" {
			names.ResponseCode = layers.DNSResponseCodeNXDomain
		} else if q.Type == layers.DNSTypeA {
			names.Answers = []layers.DNSResourceRecord{{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60, IP: net.IPv4(192, 0, 2, 123)}}
		}
		return packed(ethernet, back, reply, names), false
	}
	question := udp.Payload
	if ip.DstIP.String() != "192.0.2.123" || udp.DstPort != 123 || len(question) != 48 {
		return nil, false
	}
	message := make([]byte, 48) // RFC 5905, figure 8
	message[0], message[1] = 4<<3|4, 1
	copy(message[24:], question[40:])
	now := uint32(time.Now().Add(timeAhead).Unix() + 2208988800)
	binary.BigEndian.PutUint32(message[32:], now)
	binary.BigEndian.PutUint32(message[40:], now)
	return packed(ethernet, back, reply, gopacket.Payload(message)), true
}

func packed(all ...gopacket.SerializableLayer) []byte {
	buffer := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		return nil
	}
	return buffer.Bytes()
}
