package lab

import (
	"fmt"
	"net"
)

// MAC is a hardware address that can be compared and used as a map key.
type MAC [6]byte

// String gives the usual form, 02:77:00:00:00:11.
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// ParseMAC reads a 48-bit address in any form net.ParseMAC knows.
func ParseMAC(s string) (MAC, error) {
	hw, err := net.ParseMAC(s)
	if err != nil {
		return MAC{}, fmt.Errorf("parse MAC %q: %w", s, err)
	}
	if len(hw) != 6 {
		return MAC{}, fmt.Errorf("parse MAC %q: %d bytes, want 6", s, len(hw))
	}
	return MAC(hw), nil
}
