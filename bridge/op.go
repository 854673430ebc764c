package bridge

import (
	"fmt"
	"net"
	"net/netip"
)

// Op is one step towards the Spec. String begins with a verb and is fit for a log
// line and for the head of an error.
type Op interface {
	fmt.Stringer
	apply(k *kernel) error
}

// CreateBridge makes the bridge with all its settings in one message, still down:
// no frame ever meets it half configured. An address given at creation stays, while
// one that the kernel chose follows the ports, and udev replaces it.
type CreateBridge struct {
	Name string
	MAC  net.HardwareAddr
}

// MarkBridge notes on a bridge that limpid has made it: only such a one is ever renamed, or
// makes room for another.
type MarkBridge struct{ Name string }

// RenameLink gives a bridge that limpid has made, or a VLAN device on it, another name.
type RenameLink struct{ From, To string }

// SetBridge changes one setting of an existing bridge, while that forwards. Setting
// is a name of bridgeSettings; From was read and is only for the reader.
type SetBridge struct {
	Name, Setting string
	From, To      uint32
}

// SetPort changes one setting of a bridge port, or its state (portState).
type SetPort struct {
	Name, Setting string
	From, To      uint32
}

// SetMAC gives an existing bridge its address. Frames between the ports are not
// concerned; those to the box itself need the new one.
type SetMAC struct {
	Name     string
	From, To net.HardwareAddr
}

// SetMTU changes the MTU, in bytes, of the bridge or a VLAN device. A port's own is
// never touched: many drivers lose their link for a moment over it.
type SetMTU struct {
	Name     string
	From, To int
}

// SetUp sets an interface administratively up. A port that is up shows its carrier.
type SetUp struct{ Name string }

// SetDown is what link propagation does to the port whose other end is cut.
type SetDown struct{ Name string }

// Enslave puts a port into the bridge, which makes it promiscuous.
type Enslave struct{ Port, Bridge string }

// Release takes a port out of the bridge. Only Down does that, and for ports that are not
// named who is to be Alone.
type Release struct{ Port, Bridge string }

// AddVLAN makes an 802.1Q device on the bridge, not on a port: it takes the frames
// addressed to the box, and those captured, and leaves the rest to be bridged.
type AddVLAN struct {
	Name, Bridge string
	ID           uint16
}

// DeleteLink removes a bridge or a VLAN device; one that is gone already is fine.
type DeleteLink struct{ Name string }

// WriteSysctl sets a file below /proc/sys. From is empty when it was not read, since
// the interface is made by the same plan. A file that does not exist is fine.
type WriteSysctl struct{ Key, From, To string }

// DisableLRO turns large receive offload off, which some drivers have on by default:
// it merges frames in a way that cannot be undone when they leave again.
type DisableLRO struct{ Name string }

// AddAddress gives an interface an address, marked as ours (IFA_PROTO) so that a
// later run knows it again.
type AddAddress struct {
	Name   string
	Prefix netip.Prefix
}

// DeleteAddress takes an address off an interface: one of ours, or one that the
// kernel made up. What somebody chose is only warned of.
type DeleteAddress struct {
	Name   string
	Prefix netip.Prefix
}

// AddGateway sets the default route in the main table, marked as ours by its
// protocol number. It fails if there is another.
type AddGateway struct {
	Name    string
	Gateway netip.Addr
}

// DeleteGateway removes a default route that AddGateway set.
type DeleteGateway struct {
	Name    string
	Gateway netip.Addr
}

func (o CreateBridge) String() string { return fmt.Sprintf("create bridge %s with %s", o.Name, o.MAC) }
func (o MarkBridge) String() string   { return "mark " + o.Name + " as made by limpid" }
func (o RenameLink) String() string   { return "rename " + o.From + " to " + o.To }
func (o SetBridge) String() string {
	return fmt.Sprintf("set %s of bridge %s from %#x to %#x", o.Setting, o.Name, o.From, o.To)
}
func (o SetPort) String() string {
	return fmt.Sprintf("set %s of port %s from %#x to %#x", o.Setting, o.Name, o.From, o.To)
}
func (o SetMAC) String() string {
	return fmt.Sprintf("set MAC of %s from %s to %s", o.Name, o.From, o.To)
}
func (o SetMTU) String() string {
	return fmt.Sprintf("set MTU of %s from %d to %d", o.Name, o.From, o.To)
}
func (o SetUp) String() string { return "set " + o.Name + " up" }
func (o SetDown) String() string {
	return "set " + o.Name + " down"
}
func (o Enslave) String() string { return fmt.Sprintf("enslave %s to %s", o.Port, o.Bridge) }
func (o Release) String() string { return fmt.Sprintf("release %s from %s", o.Port, o.Bridge) }
func (o AddVLAN) String() string {
	return fmt.Sprintf("add VLAN device %s for VLAN %d on %s", o.Name, o.ID, o.Bridge)
}
func (o DeleteLink) String() string { return "delete " + o.Name }
func (o WriteSysctl) String() string {
	if o.From == "" {
		return fmt.Sprintf("set sysctl %s to %s", o.Key, o.To)
	}
	return fmt.Sprintf("set sysctl %s from %s to %s", o.Key, o.From, o.To)
}
func (o DisableLRO) String() string { return "turn off large receive offload of " + o.Name }
func (o AddAddress) String() string { return fmt.Sprintf("add address %s to %s", o.Prefix, o.Name) }
func (o DeleteAddress) String() string {
	return fmt.Sprintf("delete address %s from %s", o.Prefix, o.Name)
}
func (o AddGateway) String() string {
	return fmt.Sprintf("add default route by %s on %s", o.Gateway, o.Name)
}
func (o DeleteGateway) String() string {
	return fmt.Sprintf("delete default route by %s on %s", o.Gateway, o.Name)
}

// describe turns a plan into text.
func describe(ops []Op) []string {
	var s []string
	for _, op := range ops {
		s = append(s, op.String())
	}
	return s
}
