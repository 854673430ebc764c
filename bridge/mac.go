package bridge

import (
	"bytes"
	"net"
)

// DeriveMAC gives the bridge's own address from a port's: the first octet moves
// into the "administratively assigned" quadrant of the local address space (low
// nibble 2, IEEE 802c-2017), the others stay, so that the card is still
// recognised. Bit 6 is turned over, so the result never equals the port's own
// address, be that local already. It returns nil unless port has six octets.
func DeriveMAC(port net.HardwareAddr) net.HardwareAddr {
	if len(port) != 6 {
		return nil
	}
	mac := bytes.Clone(port)
	mac[0] = (mac[0]^0x40)&0xf0 | 0x02
	return mac
}

// base is the address to derive from: the one burnt in, where the driver tells
// it, since somebody may have changed the other.
func (l Link) base() net.HardwareAddr {
	if len(l.PermanentMAC) == 6 && !bytes.Equal(l.PermanentMAC, make([]byte, 6)) {
		return l.PermanentMAC
	}
	return l.MAC
}

// wantedMAC is the address the bridge should have: the one it has, if that comes
// from either port or if a port is missing from which it may come, so that it never
// changes under a running box; else the one from the LAN port, or from the WAN port
// while that is missing. It returns nil when neither port is there.
func wantedMAC(st Status) net.HardwareAddr {
	if st.Bridge.Present && len(st.Missing()) > 0 {
		return st.Bridge.MAC
	}
	var first net.HardwareAddr
	for _, port := range st.ports() {
		mac := DeriveMAC(port.base()) // nil for a missing port
		if st.Bridge.Present && mac != nil && bytes.Equal(mac, st.Bridge.MAC) {
			return mac
		}
		if first == nil {
			first = mac
		}
	}
	return first
}
