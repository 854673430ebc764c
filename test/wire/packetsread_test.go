package wire

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// crossed is a frame of a capture.
type crossed struct {
	port           string // "client" or "server"
	fromMAC, toMAC string
	from, to       netip.AddrPort
	flags          string // of TCP, as tshark writes them
	tag            string // ID of the outer VLAN
	payload        int    // bytes of TCP
}

// recorded reads a capture: with tshark, which is too much for the virtual machine; there
// another reader takes its place.
func recorded(t *testing.T, path string) []crossed {
	t.Helper()
	if inVM() {
		return decoded(t, path)
	}
	return tshark(t, path)
}

func tshark(t *testing.T, path string) (frames []crossed) {
	t.Helper()
	args := []string{"-n", "-r", path, "-T", "fields", "-E", "separator=/t", "-E", "occurrence=f"}
	for _, field := range []string{"frame.interface_name", "eth.src", "eth.dst", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst",
		"tcp.srcport", "tcp.dstport", "tcp.flags", "vlan.id", "tcp.len", "arp.src.proto_ipv4", "arp.dst.proto_ipv4"} {
		args = append(args, "-e", field)
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "tshark", args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil || strings.Contains(said.String(), "cut short") {
		t.Fatalf("tshark: %v: %s", err, said.String())
	}
	lines := csv.NewReader(bytes.NewReader(out))
	lines.Comma, lines.LazyQuotes = '\t', true
	all, err := lines.ReadAll()
	must(t, err)
	for _, line := range all {
		f := crossed{port: line[0], fromMAC: line[1], toMAC: line[2], flags: line[9], tag: line[10]}
		f.from, f.to = endOf(line[3]+line[5]+line[12], line[7]), endOf(line[4]+line[6]+line[13], line[8])
		f.payload, _ = strconv.Atoi(line[11])
		frames = append(frames, f)
	}
	return frames
}

func endOf(address, port string) netip.AddrPort {
	a, _ := netip.ParseAddr(address)
	n, _ := strconv.ParseUint(port, 10, 16)
	return netip.AddrPortFrom(a, uint16(n))
}

func decoded(t *testing.T, path string) (frames []crossed) {
	t.Helper()
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	r, err := pcapgo.NewNgReader(file, pcapgo.DefaultNgReaderOptions)
	must(t, err)
	for {
		data, about, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return frames
		}
		must(t, err)
		port, err := r.Interface(about.InterfaceIndex)
		must(t, err)
		f := crossed{port: port.Name}
		var from, to netip.Addr
		for _, layer := range gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default).Layers() {
			switch l := layer.(type) {
			case *layers.Ethernet:
				f.fromMAC, f.toMAC = l.SrcMAC.String(), l.DstMAC.String()
			case *layers.Dot1Q:
				if f.tag == "" {
					f.tag = strconv.Itoa(int(l.VLANIdentifier))
				}
			case *layers.ARP:
				from, to = addressOf(l.SourceProtAddress), addressOf(l.DstProtAddress)
			case *layers.IPv4:
				from, to = addressOf(l.SrcIP), addressOf(l.DstIP)
			case *layers.IPv6:
				from, to = addressOf(l.SrcIP), addressOf(l.DstIP)
			case *layers.TCP:
				f.from, f.to = netip.AddrPortFrom(from, uint16(l.SrcPort)), netip.AddrPortFrom(to, uint16(l.DstPort))
				f.payload = len(l.Payload)
				f.flags = fmt.Sprintf("0x%04x", uint16(l.Contents[12]&1)<<8|uint16(l.Contents[13]))
			}
		}
		if !f.from.IsValid() {
			f.from, f.to = netip.AddrPortFrom(from, 0), netip.AddrPortFrom(to, 0)
		}
		frames = append(frames, f)
	}
}

func addressOf(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	return a
}
