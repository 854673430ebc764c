package bridge

import (
	"net"
	"strings"
	"testing"
)

func TestNewRefusesWhatNoKernelCouldBuild(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec Spec
		want string // part of the message; empty: no error
	}{
		{"fine", testSpec, ""},
		{"VLANs", Spec{Name: "br0", LAN: "a", WAN: "b", VLANs: []uint16{1, 4094}, ManagementVLAN: 1}, ""},
		{"no name", Spec{LAN: "a", WAN: "b"}, "bridge has no name"},
		{"no LAN", Spec{Name: "br0", WAN: "b"}, "clients' port has no name"},
		{"no WAN", Spec{Name: "br0", LAN: "a"}, "servers' port has no name"},
		{"long", Spec{Name: "br0", LAN: "sixteen-letters-", WAN: "b"}, "longer than 15"},
		{"path", Spec{Name: "../all", LAN: "a", WAN: "b"}, "not an interface name"},
		{"space", Spec{Name: "br0", LAN: "a b", WAN: "b"}, "not an interface name"},
		{"dots", Spec{Name: "..", LAN: "a", WAN: "b"}, "not an interface name"},
		{"same ports", Spec{Name: "br0", LAN: "a", WAN: "a"}, "port a is named twice"},
		{"own port", Spec{Name: "a", LAN: "a", WAN: "b"}, "named as its own port"},
		{"VLAN 0", Spec{Name: "br0", LAN: "a", WAN: "b", VLANs: []uint16{0}}, "VLAN 0 is outside 1 to 4094"},
		{"VLAN 4095", Spec{Name: "br0", LAN: "a", WAN: "b", VLANs: []uint16{4095}}, "VLAN 4095"},
		{"VLAN twice", Spec{Name: "br0", LAN: "a", WAN: "b", VLANs: []uint16{5, 5}}, "VLAN 5 is named twice"},
		{"management VLAN", Spec{Name: "br0", LAN: "a", WAN: "b", ManagementVLAN: 4095}, "[management] vlan"},
		{"VLAN name", Spec{Name: "fourteen-bytes", LAN: "a", WAN: "b", VLANs: []uint16{5}}, "fourteen-bytes.5"},
	} {
		_, err := New(tt.spec, nil)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: error %v", tt.name, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: error %v, want %q in it", tt.name, err, tt.want)
		case err != nil && strings.Contains(err.Error(), "\n"):
			t.Errorf("%s: error is not one line: %v", tt.name, err)
		}
	}
}

func TestDeriveMAC(t *testing.T) {
	for port, want := range map[string]string{
		"00:1b:21:00:00:01": "42:1b:21:00:00:01",
		"52:54:00:12:34:56": "12:54:00:12:34:56", // local already
		"42:1b:21:00:00:01": "02:1b:21:00:00:01",
		"fe:ff:ff:ff:ff:ff": "b2:ff:ff:ff:ff:ff",
	} {
		if got := DeriveMAC(mac(port)).String(); got != want {
			t.Errorf("from %s: %s, want %s", port, got, want)
		}
	}
	for first := range 256 {
		port := net.HardwareAddr{byte(first), 1, 2, 3, 4, 5}
		got := DeriveMAC(port)
		if got[0]&0x0f != 0x02 || got[0] == port[0] {
			t.Errorf("from first octet %#x: %#x is not a local unicast address of its own", first, got[0])
		}
	}
	if got := DeriveMAC(make(net.HardwareAddr, 20)); got != nil { // InfiniBand
		t.Errorf("from 20 octets: %s, want none", got)
	}
}
