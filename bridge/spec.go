package bridge

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// maxName is IFNAMSIZ without its terminating zero (include/uapi/linux/if.h).
const maxName = 15

// maxVLAN is the highest usable VLAN identifier (IEEE 802.1Q, 9.6).
const maxVLAN = 4094

// Spec says what the bridge is to be. Its zero value is not valid.
type Spec struct {
	Name string // of the bridge, 1 to 15 bytes
	LAN  string // the port towards the clients
	WAN  string // the port towards the servers

	// VLANs are the identifiers, 1 to 4094, that get a device NAME.ID on the bridge.
	VLANs []uint16
	// ManagementVLAN carries the management address instead of the untagged bridge when not 0.
	ManagementVLAN uint16
	// LinkPropagation sets one port down while the other has no carrier, or is missing;
	// a management address on the bridge is then cut off too. Watch does it. If the
	// process is killed meanwhile, the port stays down until the next Ensure.
	LinkPropagation bool
	// Alone is for who owns the whole machine: ports that are not named here leave a bridge
	// that limpid has made, and what else limpid has made as a bridge goes, before anything
	// is built.
	Alone bool

	// management is nil until SetAddress was called: an address that an earlier run
	// set stays until then, so that a restart does not cut the administrator off.
	management *management
	// held names the port that link propagation keeps down.
	held string
}

// management is the address of the box itself; the zero value means none.
type management struct {
	Address netip.Prefix
	Gateway netip.Addr
}

// validate reports the first thing in the Spec that no kernel could build.
func (s Spec) validate() error {
	for _, n := range []struct{ what, name string }{
		{"bridge", s.Name}, {"clients' port", s.LAN}, {"servers' port", s.WAN},
	} {
		if err := validateName(n.what, n.name); err != nil {
			return err
		}
	}
	if s.LAN == s.WAN {
		return fmt.Errorf("port %s is named twice: [bridge] ports needs two different ones", s.LAN)
	}
	if s.Name == s.LAN || s.Name == s.WAN {
		return fmt.Errorf("bridge %s is named as its own port: choose another [bridge] name", s.Name)
	}
	return s.validateVLANs()
}

// validateName holds a name to what dev_valid_name takes (net/core/dev.c).
func validateName(what, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s has no name: set it in [bridge]", what)
	case len(name) > maxName:
		return fmt.Errorf("%s %q: name is longer than %d bytes: choose a shorter one in [bridge]", what, name, maxName)
	case name == "." || name == ".." || strings.ContainsAny(name, "/: \t\r\n\v\f"):
		return fmt.Errorf("%s %q: not an interface name: no slash, colon or space may be in it", what, name)
	}
	return nil
}

func (s Spec) validateVLANs() error {
	for i, id := range s.VLANs {
		if id < 1 || id > maxVLAN {
			return fmt.Errorf("VLAN %d is outside 1 to %d: correct [bridge] vlans", id, maxVLAN)
		}
		if slices.Contains(s.VLANs[:i], id) {
			return fmt.Errorf("VLAN %d is named twice: correct [bridge] vlans", id)
		}
	}
	if s.ManagementVLAN > maxVLAN {
		return fmt.Errorf("VLAN %d is outside 1 to %d: correct [management] vlan", s.ManagementVLAN, maxVLAN)
	}
	for _, id := range s.vlans() {
		if name := s.vlanName(id); len(name) > maxName {
			return fmt.Errorf("VLAN device %s: name is longer than %d bytes: choose a shorter [bridge] name", name, maxName)
		}
	}
	return nil
}

// vlans are the identifiers that need a device, the management VLAN among them, in order.
func (s Spec) vlans() []uint16 {
	ids := slices.Clone(s.VLANs)
	if s.ManagementVLAN != 0 {
		ids = append(ids, s.ManagementVLAN)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (s Spec) vlanName(id uint16) string { return fmt.Sprintf("%s.%d", s.Name, id) }

// managementDevice is the interface that carries the box's own address.
func (s Spec) managementDevice() string {
	if s.ManagementVLAN != 0 {
		return s.vlanName(s.ManagementVLAN)
	}
	return s.Name
}
