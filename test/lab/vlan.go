package lab

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// AddVLAN gives the node a tagged interface iface.id with the addresses, up.
// The switches pass tags as they are. The error is an *UnsupportedError where
// the kernel has no VLAN devices.
func (n *Node) AddVLAN(iface string, id uint16, addrs ...netip.Prefix) error {
	parent, err := n.Interface(iface)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s.%d", iface, id)
	err = n.onLink(iface, "add VLAN to", func(h *netlink.Handle, link netlink.Link) error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.ParentIndex = name, link.Attrs().Index
		vlan := &netlink.Vlan{LinkAttrs: attrs, VlanId: int(id), VlanProtocol: netlink.VLAN_PROTOCOL_8021Q}
		err := h.LinkAdd(vlan)
		if errors.Is(err, unix.EOPNOTSUPP) { // unknown kind of link
			return unsupported("VLAN devices", "CONFIG_VLAN_8021Q")
		}
		if err != nil {
			return err
		}
		for _, p := range addrs {
			if err := h.AddrAdd(vlan, &netlink.Addr{IPNet: ipNet(p), Flags: unix.IFA_F_NODAD}); err != nil {
				return fmt.Errorf("add %s: %w", p, err)
			}
		}
		return h.LinkSetUp(vlan)
	})
	if err != nil {
		return err
	}
	n.addInterface(Interface{Name: name, MAC: parent.MAC, toServers: parent.toServers})
	return nil
}
