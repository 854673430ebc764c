package packets

import (
	"net"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

var (
	clientMAC = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	serverMAC = net.HardwareAddr{2, 0, 0, 0, 0, 2}
	boxMAC    = net.HardwareAddr{0x42, 0, 0, 0, 0, 9}
	everybody = net.HardwareAddr{255, 255, 255, 255, 255, 255}
)

const (
	client4, server4, box4 = "192.0.2.1", "192.0.2.2", "192.0.2.9"
	client6, server6, box6 = "2001:db8::1", "2001:db8:0:1::2", "2001:db8::9"
)

func packet(t *testing.T, parts ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, parts...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func ethernet(from, to net.HardwareAddr, kind layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: from, DstMAC: to, EthernetType: kind}
}

func v4(from, to string, proto layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: 64, Protocol: proto, SrcIP: net.ParseIP(from).To4(), DstIP: net.ParseIP(to).To4()}
}

func v6(from, to string, next layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: next, SrcIP: net.ParseIP(from), DstIP: net.ParseIP(to)}
}

func tcp(from, to uint16) *layers.TCP {
	return &layers.TCP{SrcPort: layers.TCPPort(from), DstPort: layers.TCPPort(to), SYN: true}
}

func tag(id uint16, kind layers.EthernetType) *layers.Dot1Q {
	return &layers.Dot1Q{VLANIdentifier: id, Type: kind, Priority: 5}
}

// raw is what has no layer of its own.
func raw(b ...byte) gopacket.Payload { return b }

func arp(op uint16, from, to string) *layers.ARP {
	return &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: op,
		SourceHwAddress: clientMAC, SourceProtAddress: net.ParseIP(from).To4(), DstHwAddress: make([]byte, 6), DstProtAddress: net.ParseIP(to).To4(),
	}
}

func own() Own {
	return Own{MACs: [][6]byte{[6]byte(boxMAC)}, Addresses: []netip.Addr{netip.MustParseAddr(box4), netip.MustParseAddr(box6)}}
}

// seen is a frame as the kernel shows it to a filter.
type seen struct {
	data  []byte
	index int
	vlan  uint16 // of the tag that was taken out; 0: none
}

// verdict runs a filter. What only the kernel knows of a frame stands in the place
// of the instructions that ask for it.
func verdict(t *testing.T, f Filter, s seen) int {
	t.Helper()
	known := map[bpf.Extension]uint32{bpf.ExtInterfaceIndex: uint32(s.index), bpf.ExtVLANTag: uint32(s.vlan) | 5<<13, bpf.ExtVLANTagPresent: 0}
	if s.vlan != 0 {
		known[bpf.ExtVLANTagPresent] = 1
	}
	vm, err := bpf.NewVM(knowing(f.instructions(), known))
	if err != nil {
		t.Fatal(err)
	}
	n, err := vm.Run(s.data)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// knowing has a program know what it would ask the kernel for.
func knowing(program []bpf.Instruction, known map[bpf.Extension]uint32) []bpf.Instruction {
	for i, in := range program {
		if extension, ok := in.(bpf.LoadExtension); ok {
			if value, ok := known[extension.Num]; ok {
				program[i] = bpf.LoadConstant{Dst: bpf.RegA, Val: value}
			}
		}
	}
	return program
}

func TestFilter(t *testing.T) {
	ip4, ip6 := layers.EthernetTypeIPv4, layers.EthernetTypeIPv6
	toServer := ethernet(clientMAC, serverMAC, ip4)
	toServer6 := ethernet(clientMAC, serverMAC, ip6)
	web4 := []gopacket.SerializableLayer{toServer, v4(client4, server4, layers.IPProtocolTCP), tcp(40000, 80)}
	back4 := []gopacket.SerializableLayer{ethernet(serverMAC, clientMAC, ip4), v4(server4, client4, layers.IPProtocolTCP), tcp(80, 40000)}
	web6 := []gopacket.SerializableLayer{toServer6, v6(client6, server6, layers.IPProtocolTCP), tcp(40000, 80)}
	back6 := []gopacket.SerializableLayer{ethernet(serverMAC, clientMAC, ip6), v6(server6, client6, layers.IPProtocolTCP), tcp(80, 40000)}
	withOptions := v4(client4, server4, layers.IPProtocolTCP)
	withOptions.Options = []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}}
	first, later := v4(client4, server4, layers.IPProtocolTCP), v4(client4, server4, layers.IPProtocolTCP)
	first.Flags, later.FragOffset = layers.IPv4MoreFragments, 185
	tagged := func(id uint16) []gopacket.SerializableLayer {
		return []gopacket.SerializableLayer{ethernet(clientMAC, serverMAC, layers.EthernetTypeDot1Q), tag(id, ip4), v4(client4, server4, layers.IPProtocolTCP), tcp(40000, 80)}
	}
	twice := []gopacket.SerializableLayer{ethernet(clientMAC, serverMAC, layers.EthernetTypeQinQ), tag(100, layers.EthernetTypeDot1Q), tag(42, ip6), v6(client6, server6, layers.IPProtocolTCP), tcp(40000, 80)}
	// hop-by-hop, destination options of 16 bytes, fragment header (RFC 8200, 4.3 to 4.6)
	hop := raw(60, 0, 1, 4, 0, 0, 0, 0)
	options := raw(44, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	firstPart, laterPart := raw(6, 0, 0, 1, 0, 0, 0, 7), raw(6, 0, 0x05, 0xa9, 0, 0, 0, 7)
	ports := raw(0x9c, 0x40, 0, 80, 0, 0, 0, 0)
	chain := func(part gopacket.Payload) []gopacket.SerializableLayer {
		return []gopacket.SerializableLayer{toServer6, v6(client6, server6, layers.IPProtocolIPv6HopByHop), hop, options, part, ports}
	}
	endless := []gopacket.SerializableLayer{toServer6, v6(client6, server6, 60)}
	for range 9 {
		endless = append(endless, raw(60, 0, 1, 4, 0, 0, 0, 0))
	}

	all := Filter{}
	host4, host6 := Filter{Host: netip.MustParseAddr(client4)}, Filter{Host: netip.MustParseAddr(server6)}
	other4, other6 := Filter{Host: netip.MustParseAddr("192.0.2.3")}, Filter{Host: netip.MustParseAddr("2001:db8:0:1::3")}
	port := Filter{Port: 80}
	both := Filter{Host: netip.MustParseAddr(server4), Port: 80, VLAN: 42}

	for name, tt := range map[string]struct {
		filter Filter
		frame  []gopacket.SerializableLayer
		vlan   uint16
		want   bool
	}{
		"IPv4":                           {all, web4, 0, true},
		"IPv6":                           {all, web6, 0, true},
		"ARP":                            {all, []gopacket.SerializableLayer{ethernet(clientMAC, everybody, layers.EthernetTypeARP), arp(1, client4, server4)}, 0, true},
		"LLDP":                           {all, []gopacket.SerializableLayer{ethernet(clientMAC, everybody, layers.EthernetTypeLinkLayerDiscovery), raw(make([]byte, 46)...)}, 0, true},
		"IPv4 that breaks off":           {all, []gopacket.SerializableLayer{toServer, raw(0x45, 0)}, 0, true},
		"IPv6 that breaks off":           {all, []gopacket.SerializableLayer{toServer6, raw(make([]byte, 39)...)}, 0, true},
		"ARP that breaks off":            {all, []gopacket.SerializableLayer{ethernet(clientMAC, everybody, layers.EthernetTypeARP), raw(0, 1)}, 0, true},
		"IPv4 that breaks off, of whom":  {host4, []gopacket.SerializableLayer{toServer, raw(0x45, 0)}, 0, false},
		"to the box's MAC":               {all, []gopacket.SerializableLayer{ethernet(clientMAC, boxMAC, ip4), v4(client4, server4, 6), tcp(1, 2)}, 0, false},
		"from the box's MAC":             {all, []gopacket.SerializableLayer{ethernet(boxMAC, everybody, layers.EthernetTypeLinkLayerDiscovery), raw(make([]byte, 46)...)}, 0, false},
		"to the box's address":           {all, []gopacket.SerializableLayer{toServer, v4(client4, box4, 6), tcp(1, 443)}, 0, false},
		"from the box's address":         {all, []gopacket.SerializableLayer{toServer, v4(box4, client4, 6), tcp(443, 1)}, 0, false},
		"to the box's IPv6 address":      {all, []gopacket.SerializableLayer{toServer6, v6(client6, box6, 6), tcp(1, 443)}, 0, false},
		"from the box's IPv6 address":    {all, []gopacket.SerializableLayer{toServer6, v6(box6, client6, 6), tcp(443, 1)}, 0, false},
		"to the box in a VLAN":           {all, []gopacket.SerializableLayer{ethernet(clientMAC, serverMAC, layers.EthernetTypeDot1Q), tag(7, ip4), v4(client4, box4, 6), tcp(1, 443)}, 0, false},
		"to the box in a VLAN, tag out":  {all, []gopacket.SerializableLayer{toServer, v4(client4, box4, 6), tcp(1, 443)}, 7, false},
		"to the box, asked for":          {Filter{Host: netip.MustParseAddr(box4)}, []gopacket.SerializableLayer{toServer, v4(client4, box4, 6), tcp(1, 443)}, 0, false},
		"ARP for the box":                {all, []gopacket.SerializableLayer{ethernet(clientMAC, everybody, layers.EthernetTypeARP), arp(1, client4, box4)}, 0, false},
		"ARP of the box":                 {all, []gopacket.SerializableLayer{ethernet(clientMAC, everybody, layers.EthernetTypeARP), arp(2, box4, client4)}, 0, false},
		"host sends":                     {host4, web4, 0, true},
		"host receives":                  {host4, back4, 0, true},
		"host is another":                {other4, web4, 0, false},
		"host is IPv6":                   {host6, web4, 0, false},
		"IPv6 host receives":             {host6, web6, 0, true},
		"IPv6 host sends":                {host6, back6, 0, true},
		"IPv6 host is another":           {other6, web6, 0, false},
		"IPv6 host is IPv4":              {host4, web6, 0, false},
		"ARP for the host":               {Filter{Host: netip.MustParseAddr(server4)}, []gopacket.SerializableLayer{ethernet(clientMAC, everybody, layers.EthernetTypeARP), arp(1, client4, server4)}, 0, true},
		"ARP of the host":                {host4, []gopacket.SerializableLayer{ethernet(clientMAC, everybody, layers.EthernetTypeARP), arp(1, client4, server4)}, 0, true},
		"ARP for another":                {other4, []gopacket.SerializableLayer{ethernet(clientMAC, everybody, layers.EthernetTypeARP), arp(1, client4, server4)}, 0, false},
		"to the port":                    {port, web4, 0, true},
		"from the port":                  {port, back4, 0, true},
		"to the port, IPv6":              {port, web6, 0, true},
		"from the port, IPv6":            {port, back6, 0, true},
		"to another port":                {Filter{Port: 81}, web4, 0, false},
		"to another port, IPv6":          {Filter{Port: 81}, web6, 0, false},
		"UDP to the port":                {port, []gopacket.SerializableLayer{toServer, v4(client4, server4, layers.IPProtocolUDP), &layers.UDP{SrcPort: 9, DstPort: 80}}, 0, true},
		"ICMP has no port":               {port, []gopacket.SerializableLayer{toServer, v4(client4, server4, layers.IPProtocolICMPv4), raw(0, 80, 0, 80)}, 0, false},
		"ICMPv6 has no port":             {port, []gopacket.SerializableLayer{toServer6, v6(client6, server6, layers.IPProtocolICMPv6), raw(0, 80, 0, 80)}, 0, false},
		"ARP has no port":                {port, []gopacket.SerializableLayer{ethernet(clientMAC, everybody, layers.EthernetTypeARP), arp(1, client4, server4)}, 0, false},
		"behind options":                 {port, []gopacket.SerializableLayer{toServer, withOptions, tcp(40000, 80)}, 0, true},
		"first fragment":                 {port, []gopacket.SerializableLayer{toServer, first, tcp(40000, 80)}, 0, true},
		"later fragment":                 {port, []gopacket.SerializableLayer{toServer, later, raw(0, 80, 0, 80)}, 0, false},
		"later fragment of the host":     {host4, []gopacket.SerializableLayer{toServer, later, raw(0, 80, 0, 80)}, 0, true},
		"first fragment of IPv6":         {port, chain(firstPart), 0, true},
		"later fragment of IPv6":         {port, chain(laterPart), 0, false},
		"later fragment of an IPv6 host": {host6, chain(laterPart), 0, true},
		"headers without end":            {port, endless, 0, false},
		"headers without end, of all":    {all, endless, 0, true},
		"VLAN in the frame":              {Filter{VLAN: 42}, tagged(42), 0, true},
		"VLAN taken out":                 {Filter{VLAN: 42}, web4, 42, true},
		"another VLAN":                   {Filter{VLAN: 42}, tagged(43), 0, false},
		"another VLAN, taken out":        {Filter{VLAN: 42}, web4, 43, false},
		"no VLAN":                        {Filter{VLAN: 42}, web4, 0, false},
		"any VLAN":                       {port, tagged(43), 0, true},
		"outer tag":                      {Filter{VLAN: 100}, twice, 0, true},
		"inner tag":                      {Filter{VLAN: 42}, twice, 0, false},
		"behind two tags":                {Filter{Host: netip.MustParseAddr(server6), Port: 80, VLAN: 100}, twice, 0, true},
		"behind three tags":              {port, twice, 9, true},
		"all at once":                    {both, tagged(42), 0, true},
		"all at once, tag out":           {both, web4, 42, true},
		"all at once but the VLAN":       {both, tagged(43), 0, false},
		"all at once but the host":       {both, []gopacket.SerializableLayer{toServer, v4(client4, "192.0.2.3", 6), tcp(1, 80)}, 42, false},
		"all at once but the port":       {both, []gopacket.SerializableLayer{toServer, v4(client4, server4, 6), tcp(1, 81)}, 42, false},
	} {
		t.Run(name, func(t *testing.T) {
			tt.filter.Ports, tt.filter.Own = []int{3, 4}, own()
			data := packet(t, tt.frame...)
			for _, index := range []int{3, 4, 5} {
				got := verdict(t, tt.filter, seen{data, index, tt.vlan})
				if want := tt.want && index != 5; (got > 0) != want {
					t.Errorf("interface %d: %d bytes are taken, want any: %v", index, got, want)
				}
			}
			if tt.vlan == 0 {
				if got := kernelTakes(t, tt.filter, data); got != tt.want {
					t.Errorf("the kernel takes it: %v, want %v", got, tt.want)
				}
			}
		})
	}
}

// kernelTakes has the kernel run a filter: on a datagram whose bytes are a frame's. It
// came in by no interface, and the kernel knows of no tag.
func kernelTakes(t *testing.T, f Filter, data []byte) bool {
	t.Helper()
	program, err := bpf.Assemble(knowing(f.instructions(), map[bpf.Extension]uint32{bpf.ExtInterfaceIndex: uint32(f.Ports[0])}))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	if err := attach(pair[1], program); err != nil {
		t.Fatal(err)
	}
	// A datagram that the filter drops was refused.
	if _, err := unix.Write(pair[0], data); err != nil && err != unix.EPERM {
		t.Fatal(err)
	}
	n, err := unix.Read(pair[1], make([]byte, 1<<16))
	return err == nil && n == len(data)
}

// TestFilterTakesWhole: nothing of a long frame is cut off.
func TestFilterTakesWhole(t *testing.T) {
	long := v4(client4, server4, layers.IPProtocolUDP)
	data := packet(t, ethernet(clientMAC, serverMAC, layers.EthernetTypeIPv4), long, raw(make([]byte, 65000)...))
	if n := verdict(t, Filter{Ports: []int{1}}, seen{data, 1, 0}); n < len(data) {
		t.Errorf("%d bytes of %d", n, len(data))
	}
}

// TestFilterOfSomePorts: any of them, at either end, and nothing else.
func TestFilterOfSomePorts(t *testing.T) {
	f := Filter{Ports: []int{3}, Some: []uint16{8000, 80, 8080}, Own: Own{Addresses: own().Addresses}}
	for ports, want := range map[[2]uint16]bool{{40000, 80}: true, {80, 40000}: true, {40000, 8000}: true, {8080, 40000}: true, {40000, 443}: false, {8001, 81}: false} {
		for name, data := range map[string][]byte{
			"IPv4":          packet(t, ethernet(clientMAC, serverMAC, layers.EthernetTypeIPv4), v4(client4, server4, layers.IPProtocolTCP), tcp(ports[0], ports[1])),
			"IPv6":          packet(t, ethernet(clientMAC, serverMAC, layers.EthernetTypeIPv6), v6(client6, server6, layers.IPProtocolTCP), tcp(ports[0], ports[1])),
			"of the bridge": packet(t, ethernet(boxMAC, serverMAC, layers.EthernetTypeIPv4), v4(client4, server4, layers.IPProtocolTCP), tcp(ports[0], ports[1])),
		} {
			if got := verdict(t, f, seen{data, 3, 0}); (got > 0) != want {
				t.Errorf("%s %v: %d bytes are taken, want any: %v", name, ports, got, want)
			}
			if got := kernelTakes(t, f, data); got != want {
				t.Errorf("%s %v: the kernel takes it: %v, want %v", name, ports, got, want)
			}
		}
	}
	box := packet(t, ethernet(clientMAC, boxMAC, layers.EthernetTypeIPv4), v4(client4, box4, layers.IPProtocolTCP), tcp(40000, 80))
	if got := verdict(t, f, seen{box, 3, 0}); got > 0 {
		t.Error("a frame to the box's own address is taken")
	}
	question := packet(t, ethernet(clientMAC, everybody, layers.EthernetTypeARP), arp(layers.ARPRequest, client4, server4))
	if got := verdict(t, f, seen{question, 3, 0}); got > 0 {
		t.Error("ARP is taken")
	}
	f.Short = true
	long := packet(t, ethernet(clientMAC, serverMAC, layers.EthernetTypeIPv4), v4(client4, server4, layers.IPProtocolTCP), tcp(1, 80), raw(make([]byte, 1400)...))
	if got := verdict(t, f, seen{long, 3, 0}); got != HeadLength {
		t.Errorf("%d bytes of a long frame are taken, want %d", got, HeadLength)
	}
	for range 3000 {
		f.Some = append(f.Some, 1)
	}
	if _, err := f.Program(); err == nil {
		t.Error("a filter of more instructions than the kernel takes is not refused")
	}
}

// TestFilterHasBounds: with many addresses it still loads, with too many it is refused.
func TestFilterHasBounds(t *testing.T) {
	f := Filter{Ports: []int{1, 2}, Host: netip.MustParseAddr(client6), Port: 80, VLAN: 42, Own: own()}
	for i := range 100 {
		f.Own.Addresses = append(f.Own.Addresses, netip.AddrFrom16([16]byte{0xfd, 15: byte(i)}), netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
	}
	data := packet(t, ethernet(clientMAC, serverMAC, layers.EthernetTypeIPv6), v6(client6, server6, layers.IPProtocolTCP), tcp(40000, 80))
	if n := verdict(t, f, seen{data, 1, 42}); n == 0 {
		t.Error("a frame of another host is dropped")
	}
	program, err := f.Program()
	if err != nil || len(program) < 2000 {
		t.Fatalf("%d instructions, %v", len(program), err)
	}
	if kernelTakes(t, f, data) {
		t.Error("the kernel takes a frame without the VLAN")
	}
	for i := range 250 {
		f.Own.Addresses = append(f.Own.Addresses, netip.AddrFrom16([16]byte{0xfe, 15: byte(i)}))
	}
	if _, err := f.Program(); err == nil {
		t.Error("a filter of more instructions than the kernel takes is not refused")
	}
}
