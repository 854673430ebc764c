package gate

import (
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

func packet(t testing.TB, ip gopacket.SerializableLayer, network gopacket.NetworkLayer, tcp layers.TCP) []byte {
	t.Helper()
	if err := tcp.SetNetworkLayerForChecksum(network); err != nil {
		t.Fatal(err)
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip, &tcp); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func syn4(t testing.TB, tcp layers.TCP, change func(*layers.IPv4)) []byte {
	ip := &layers.IPv4{Version: 4, IHL: 5, TTL: 61, TOS: 0x28, Protocol: layers.IPProtocolTCP,
		SrcIP: netip.MustParseAddr("192.0.2.1").AsSlice(), DstIP: netip.MustParseAddr("198.51.100.2").AsSlice()}
	if change != nil {
		change(ip)
	}
	return packet(t, ip, ip, tcp)
}

func syn6(t testing.TB, tcp layers.TCP) []byte {
	ip := &layers.IPv6{Version: 6, HopLimit: 63, TrafficClass: 0xb8, NextHeader: layers.IPProtocolTCP,
		SrcIP: netip.MustParseAddr("2001:db8::1").AsSlice(), DstIP: netip.MustParseAddr("2001:db8::2").AsSlice()}
	return packet(t, ip, ip, tcp)
}

func TestParseSYN(t *testing.T) {
	tcp := layers.TCP{SrcPort: 40000, DstPort: 80, Seq: 0xfedcba98, SYN: true, Window: 65535}
	tests := []struct {
		name string
		b    []byte
		want synPacket
	}{
		{"IPv4", syn4(t, tcp, nil), synPacket{tuple{netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("198.51.100.2:80")}, 61, 0x28}},
		{"IPv4 with options", syn4(t, tcp, func(ip *layers.IPv4) {
			ip.Options = []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}}
		}), synPacket{tuple{netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("198.51.100.2:80")}, 61, 0x28}},
		{"IPv6", syn6(t, tcp), synPacket{tuple{netip.MustParseAddrPort("[2001:db8::1]:40000"), netip.MustParseAddrPort("[2001:db8::2]:80")}, 63, 0xb8}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseSYN(tt.b)
			if err != nil || got != tt.want {
				t.Fatalf("got %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestParseSYNRefuses(t *testing.T) {
	plain := layers.TCP{SrcPort: 1, DstPort: 80, SYN: true}
	good := syn4(t, plain, nil)
	tests := map[string][]byte{
		"nothing":               nil,
		"SYN-ACK":               syn4(t, layers.TCP{SYN: true, ACK: true}, nil),
		"ACK":                   syn4(t, layers.TCP{ACK: true}, nil),
		"SYN and FIN":           syn4(t, layers.TCP{SYN: true, FIN: true}, nil),
		"SYN and RST":           syn6(t, layers.TCP{SYN: true, RST: true}),
		"a fragment":            syn4(t, plain, func(ip *layers.IPv4) { ip.FragOffset = 1 }),
		"a first fragment":      syn4(t, plain, func(ip *layers.IPv4) { ip.Flags = layers.IPv4MoreFragments }),
		"UDP":                   syn4(t, plain, func(ip *layers.IPv4) { ip.Protocol = layers.IPProtocolUDP }),
		"cut in the TCP header": good[:39],
		"cut in the IP header":  good[:19],
		"short IPv6":            syn6(t, plain)[:59],
		"version 5":             append([]byte{0x55}, good[1:]...),
		"header length 4":       append([]byte{0x41}, good[1:]...),
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := parseSYN(b); err == nil {
				t.Fatalf("understood as %+v", got)
			}
		})
	}
}

func FuzzParseSYN(f *testing.F) {
	f.Add(syn4(f, layers.TCP{SrcPort: 1, DstPort: 80, SYN: true}, nil))
	f.Add(syn6(f, layers.TCP{SrcPort: 1, DstPort: 80, SYN: true}))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseSYN(b)
		if err == nil && got.client.Addr().BitLen() != got.server.Addr().BitLen() {
			t.Fatalf("families differ: %+v", got)
		}
	})
}
