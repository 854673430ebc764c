package bridge

import (
	"fmt"
	"net"
	"strings"
)

// Link is one interface as the kernel has it. Only Name is set when it is not Present.
type Link struct {
	Name    string
	Present bool
	Up      bool // administratively
	Running bool // ready to pass frames (IFF_RUNNING)
	Carrier bool // the cable is live (IFF_LOWER_UP); never while not Up
	Index   int  // changes when a card is unplugged and comes back
	MTU     int  // bytes of payload, without the Ethernet header

	MAC          net.HardwareAddr
	PermanentMAC net.HardwareAddr // empty where the driver does not tell
	Alias        string           // what somebody has noted on it
	Kind         string           // "bridge", "veth", "vlan" ...; empty for hardware
	Ethernet     bool             // ARPHRD_ETHER, as TAP, veth and bonds are too
	Loopback     bool
	Wireless     bool   // read for ports only, as are the next four
	Master       string // the bridge, bond or team it is in
	Parent       int    // index of the interface a VLAN device sits on
	VLAN         uint16 // identifier of a VLAN device

	SpeedMbps  int  // 0: unknown
	FullDuplex bool // known only with SpeedMbps
	LRO        bool // large receive offload is on

	// Stacked names the devices that sit on a port and take frames away before the
	// bridge sees them.
	Stacked []string

	Settings  map[string]uint32 // of a bridge or of a bridge port, by iproute2's names
	Addresses []Address
}

// portConflict reports why a present interface cannot be a port of the bridge, or nil.
// The kernel refuses the same ones (br_add_if in net/bridge/br_if.c), in fewer words.
func (l Link) portConflict(bridge string) error {
	const mend = "name an Ethernet interface in [bridge] ports"
	switch {
	case l.Loopback:
		return fmt.Errorf("port %s is the loopback interface, no network card: %s", l.Name, mend)
	case l.Kind == "bridge":
		return fmt.Errorf("port %s is itself a bridge: %s", l.Name, mend)
	case !l.Ethernet:
		return fmt.Errorf("port %s carries no Ethernet frames%s: %s", l.Name, ofKind(l.Kind), mend)
	case l.Wireless:
		return fmt.Errorf("port %s is wireless, which cannot be bridged: %s", l.Name, mend)
	case l.Master != "" && l.Master != bridge:
		return fmt.Errorf("port %s is already in %s: take it out (ip link set %s nomaster) or name another in [bridge] ports",
			l.Name, l.Master, l.Name)
	}
	return nil
}

// addressConflict reports addresses that stop working when the port joins the bridge.
// On a port that is in already they are dead, and only worth a warning.
func (l Link) addressConflict(bridge string) error {
	if addrs := l.chosen(); len(addrs) > 0 && l.Master != bridge {
		return fmt.Errorf("port %s has the address %s, which dies in a bridge: move it to [management] and remove it from the port",
			l.Name, strings.Join(addrs, " and "))
	}
	return nil
}

// stackedConflict reports devices on the port that would swallow frames of the wire:
// the kernel gives a tagged frame to a VLAN device before it asks the bridge
// (vlan_do_receive in __netif_receive_skb_core), and does not bridge at all what a
// macvlan or ipvlan has taken.
func (l Link) stackedConflict() error {
	if len(l.Stacked) == 0 {
		return nil
	}
	return fmt.Errorf("port %s carries %s, which takes frames off the wire: remove it (ip link del %s) and use [bridge] vlans",
		l.Name, strings.Join(l.Stacked, " and "), l.Stacked[0])
}

// stacks says whether a device of this kind takes frames from the one below it.
func stacks(kind string) bool {
	switch kind {
	case "vlan", "macvlan", "macvtap", "ipvlan", "ipvtap":
		return true
	}
	return false
}

func ofKind(kind string) string {
	if kind == "" {
		return ""
	}
	return " (it is a " + kind + ")"
}
