package wire

import (
	"net"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"limpid/test/lab"
)

// fragmentedSYN is the SYN of a connection to s1's port 80, cut in two behind
// its TCP header: the first piece alone shows the ports.
func fragmentedSYN(t *testing.T) [][]byte {
	t.Helper()
	ether := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0x77, 0, 0, 0, 0x11}, DstMAC: net.HardwareAddr{2, 0x77, 0, 0, 1, 1}, EthernetType: layers.EthernetTypeIPv4}
	ip := func(flags layers.IPv4Flag, offset uint16) *layers.IPv4 {
		return &layers.IPv4{Version: 4, IHL: 5, Id: 0x4c50, TTL: 64, Protocol: layers.IPProtocolTCP, Flags: flags, FragOffset: offset,
			SrcIP: net.IP{10, 77, 0, 11}, DstIP: net.IP{10, 77, 0, 101}}
	}
	tcp := &layers.TCP{SrcPort: 40100, DstPort: 80, Seq: 7, SYN: true, Window: 65535}
	serialize := func(parts ...gopacket.SerializableLayer) []byte {
		b := gopacket.NewSerializeBuffer()
		must(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, parts...))
		return b.Bytes()
	}
	return [][]byte{
		serialize(ether, ip(layers.IPv4MoreFragments, 0), tcp, gopacket.Payload("1234")),
		serialize(ether, ip(0, 3), gopacket.Payload("the rest of the segment")),
	}
}

func TestFragmentsAreBridgedTogether(t *testing.T) {
	l, p := inline(t, basic)
	before := status(t, p).Flows.Captured
	seen, err := l.WANSwitch.Capture("box", lab.Toward(lab.ToServers), lab.Host(l.S1.IP4()))
	must(t, err)
	must(t, l.LANSwitch.Inject("box", fragmentedSYN(t)...))
	if err := seen.WaitFor(within(t, startTime), func(f []lab.Frame) bool { return len(f) >= 2 }); err != nil {
		t.Errorf("the two fragments did not both cross: %v", err)
	}
	_, err = seen.Stop()
	must(t, err)
	if n := status(t, p).Flows.Captured - before; n != 0 {
		t.Errorf("%d flows captured from a fragment", n)
	}
}
