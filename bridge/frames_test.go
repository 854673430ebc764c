package bridge

import (
	"bytes"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// pad fills a frame up to n bytes with a pattern that is no zero.
func pad(b []byte, n int) []byte {
	for i := len(b); i < n; i++ {
		b = append(b, byte(i*7+1))
	}
	return b
}

// wireFrames are of every sort that has ever been lost in a bridge.
func wireFrames() map[string][]byte {
	broadcast := mac("ff:ff:ff:ff:ff:ff")
	frames := map[string][]byte{
		"ARP request": frame(broadcast, clientMAC, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1,
			0, 0, 0x5e, 0, 0x53, 1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2),
		"gratuitous ARP": frame(broadcast, clientMAC, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1,
			0, 0, 0x5e, 0, 0x53, 1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1),
		"IPv4 TCP SYN to port 80": frame(serverMAC, clientMAC, 0x08, 0x00, 0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0,
			192, 0, 2, 1, 198, 51, 100, 2, 0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0),
		"IPv4 with options, a bad checksum and TTL 0": frame(serverMAC, clientMAC, 0x08, 0x00, 0x46, 0xb8, 0, 60, 0xbe, 0xef, 0, 0, 0, 17, 0xde, 0xad,
			192, 0, 2, 1, 198, 51, 100, 2, 0x94, 4, 0, 0),
		"IPv4 fragment": frame(serverMAC, clientMAC, 0x08, 0x00, 0x45, 0, 0, 60, 0x12, 0x34, 0x20, 0x10, 64, 17, 0, 0,
			192, 0, 2, 1, 198, 51, 100, 2),
		"IPv4 multicast (IGMP report)": frame(mac("01:00:5e:00:00:fb"), clientMAC, 0x08, 0x00, 0x46, 0xc0, 0, 32, 0, 0, 0x40, 0, 1, 2, 0, 0,
			192, 0, 2, 1, 224, 0, 0, 251, 0x94, 4, 0, 0, 0x16, 0, 0x09, 4, 224, 0, 0, 251),
		"IPv6 neighbour solicitation": frame(mac("33:33:ff:00:00:02"), clientMAC, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 58, 255,
			0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
			0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 2, 135, 0, 0, 0, 0, 0, 0, 0),
		"IPv6 router advertisement": frame(mac("33:33:00:00:00:01"), clientMAC, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 16, 58, 255,
			0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
			0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 134, 0, 0x8d, 0xb6, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0),
		"LLDP":                     frame(mac("01:80:c2:00:00:0e"), clientMAC, 0x88, 0xcc, 2, 7, 4, 0, 0, 0x5e, 0, 0x53, 1),
		"802.1X EAPOL-Start":       frame(mac("01:80:c2:00:00:03"), clientMAC, 0x88, 0x8e, 2, 1, 0, 0),
		"BPDU (802.2 LLC)":         frame(mac("01:80:c2:00:00:00"), clientMAC, 0, 38, 0x42, 0x42, 3, 0, 0, 0, 0, 0),
		"LACP":                     frame(mac("01:80:c2:00:00:02"), clientMAC, 0x88, 0x09, 1, 1, 1, 20),
		"Cisco CDP (SNAP)":         frame(mac("01:00:0c:cc:cc:cc"), clientMAC, 0, 40, 0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0),
		"802.1Q tag":               frame(serverMAC, clientMAC, 0x81, 0x00, 0x20, 100, 0x08, 0x00, 0x45, 0, 0, 20),
		"802.1Q priority tag":      frame(serverMAC, clientMAC, 0x81, 0x00, 0xe0, 0, 0x88, 0xb5),
		"802.1ad, two tags":        frame(serverMAC, clientMAC, 0x88, 0xa8, 0, 200, 0x81, 0x00, 0, 100, 0x88, 0xb5),
		"LLDP in a VLAN":           frame(mac("01:80:c2:00:00:0e"), clientMAC, 0x81, 0x00, 0, 7, 0x88, 0xcc, 2, 7),
		"PPPoE session":            frame(serverMAC, clientMAC, 0x88, 0x64, 0x11, 0, 0, 1, 0, 4, 0xc0, 0x21),
		"MPLS":                     frame(serverMAC, clientMAC, 0x88, 0x47, 0, 1, 0x41, 64),
		"PTP":                      frame(mac("01:1b:19:00:00:00"), clientMAC, 0x88, 0xf7, 0, 2),
		"unknown type 0xffff":      frame(serverMAC, clientMAC, 0xff, 0xff, 1, 2, 3),
		"length 0 (IEEE 802.3)":    frame(serverMAC, clientMAC, 0, 0, 1, 2, 3),
		"unknown unicast receiver": frame(mac("00:00:5e:00:53:99"), clientMAC, 0x88, 0xb5, 1),
		"largest frame":            pad(frame(serverMAC, clientMAC, 0x88, 0xb5), 1514),
		"largest tagged frame":     pad(frame(serverMAC, clientMAC, 0x81, 0x00, 0, 5, 0x88, 0xb5), 1518),
	}
	for last := byte(0); last <= 15; last++ {
		if last == 1 {
			continue // PAUSE ends at the next station, by IEEE 802.3x
		}
		group := net.HardwareAddr{1, 0x80, 0xc2, 0, 0, last}
		frames[fmt.Sprintf("group address %s", group)] = frame(group, clientMAC, 0x88, 0xb5, last)
	}
	for name, f := range frames {
		frames[name] = pad(f, 60)
	}
	return frames
}

func TestEveryFrameCrossesUnchanged(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client, server := l.port("lan0"), l.port("wan0")
	l.ensure(newBridge(t, testSpec))
	l.forwarding(testSpec)
	atClient, atServer := client.tap(), server.tap()

	for name, want := range wireFrames() {
		back := bytes.Clone(want)
		copy(back[6:12], serverMAC)
		if want[0]&1 == 0 {
			copy(back[0:6], clientMAC)
		}
		for _, way := range []struct {
			name     string
			from, to *tap
			frame    []byte
		}{
			{"to server", atClient, atServer, want},
			{"to client", atServer, atClient, back},
		} {
			way.from.send(way.frame)
			got := way.to.receive(patience)
			if !bytes.Equal(got, way.frame) {
				t.Errorf("%s, %s: got\n%x, want\n%x", name, way.name, got, way.frame)
			}
		}
	}
}

func TestPauseFrameStaysOnItsLink(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client, server := l.port("lan0"), l.port("wan0")
	l.ensure(newBridge(t, testSpec))
	l.forwarding(testSpec)
	atClient, atServer := client.tap(), server.tap()

	atClient.send(pad(frame(mac("01:80:c2:00:00:01"), clientMAC, 0x88, 0x08, 0, 1), 60))
	atClient.send(marker(1))
	if got := atServer.receive(patience); !bytes.Equal(got, marker(1)) {
		t.Errorf("first frame at the server is %x, want the marker", got)
	}
}

// TestBoxIsSilent listens at both far ends from before the build-up on, in 3 s in
// which IPv6, IGMP and spanning tree would long have spoken, and through changes.
func TestBoxIsSilent(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client, server := l.port("lan0"), l.port("wan0")
	// The host is a router by its defaults, which makes it more talkative.
	must(t, writeSysctl("net/ipv6/conf/all/forwarding", "1"))
	must(t, writeSysctl("net/ipv4/conf/default/arp_notify", "1"))
	taps := map[string]*tap{"client": client.tap(), "server": server.tap()}

	b := newBridge(t, testSpec)
	l.ensure(b)
	l.forwarding(testSpec)
	time.Sleep(1500 * time.Millisecond)
	must(t, netlink.LinkSetDown(link(t, "br0")))
	l.ensure(b)
	l.forwarding(testSpec)
	time.Sleep(1500 * time.Millisecond)

	for name, tap := range taps {
		if got := tap.receive(time.Millisecond); got != nil {
			t.Errorf("frame at the %s that nobody sent: %x", name, got)
		}
	}
}

// TestPlainBridgeTalks is the control of TestBoxIsSilent: without our settings there is
// something to hear.
func TestPlainBridgeTalks(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	tap := l.port("lan0").tap()
	plainBridge(t, "br0", "lan0")
	if tap.receive(patience) == nil {
		t.Error("a bridge with the kernel's defaults is silent: the other test proves nothing")
	}
}

// plainBridge makes a bridge as the kernel does by default, with ports, all up.
func plainBridge(t *testing.T, name string, ports ...string) netlink.Link {
	t.Helper()
	must(t, netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: name}}))
	br := link(t, name)
	for _, p := range ports {
		must(t, netlink.LinkSetMaster(link(t, p), br))
		must(t, netlink.LinkSetUp(link(t, p)))
	}
	must(t, netlink.LinkSetUp(br))
	return br
}

// TestBoxAnswersNobody asks for addresses that the box has elsewhere.
func TestBoxAnswersNobody(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client, server := l.port("lan0"), l.port("wan0")
	l.port("third")
	addr, err := netlink.ParseAddr("192.0.2.2/24")
	must(t, err)
	must(t, netlink.AddrAdd(link(t, "third"), addr))
	must(t, netlink.LinkSetUp(link(t, "third")))
	l.ensure(newBridge(t, testSpec))
	l.forwarding(testSpec)
	atClient, atServer := client.tap(), server.tap()

	ask := wireFrames()["ARP request"]
	atClient.send(ask)
	if got := atServer.receive(patience); !bytes.Equal(got, ask) {
		t.Fatalf("ARP request crossed as %x", got)
	}
	if got := atClient.receive(300 * time.Millisecond); got != nil {
		t.Errorf("box answered for an address of another interface: %x", got)
	}
}
