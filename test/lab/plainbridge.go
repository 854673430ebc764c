package lab

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/vishvananda/netlink"
)

// plainBridge is the name of the box's ordinary bridge.
const plainBridge = "plain0"

// PlainBridge joins the box's two ports by an ordinary bridge without address,
// the bare wire to compare limpid with. The function it returns takes it away
// again and leaves the box as it was, ports up.
func (l *Lab) PlainBridge() (remove func() error, err error) {
	settings := append(bridgeCalls(), "ipv6/conf/default/disable_ipv6", "ipv6/conf/eth0/disable_ipv6", "ipv6/conf/eth1/disable_ipv6")
	before := map[string]string{}
	for _, key := range settings {
		old, err := l.Box.Sysctl(key)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		before[key] = old
		// No netfilter hooks on bridged frames, and a bridge that is silent.
		value := "0"
		if key[:4] == "ipv6" {
			value = "1"
		}
		if err := l.Box.SetSysctl(key, value); err != nil {
			return nil, err
		}
	}
	if err := l.Box.addPlainBridge(); err != nil {
		return nil, fmt.Errorf("build plain bridge: %w", err)
	}
	return func() error { return l.Box.removePlainBridge(before) }, nil
}

// addPlainBridge makes the bridge with both ports, then brings it up.
func (n *Node) addPlainBridge() error {
	return n.netlink(func(h *netlink.Handle) error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = plainBridge
		attrs.HardwareAddr = hardware(wireEnd{node: n.Name, iface: "eth9"}.mac())
		mask, snooping := uint16(groupForward), false
		bridge := &netlink.Bridge{LinkAttrs: attrs, GroupFwdMask: &mask, MulticastSnooping: &snooping}
		if err := h.LinkAdd(bridge); err != nil {
			return fmt.Errorf("add %s: %w", plainBridge, err)
		}
		for _, name := range []string{"eth0", "eth1"} {
			port, err := h.LinkByName(name)
			if err != nil {
				return fmt.Errorf("find port %s: %w", name, err)
			}
			if err := enslave(h, port, plainBridge); err != nil {
				return err
			}
			if err := h.LinkSetUp(port); err != nil {
				return fmt.Errorf("bring up %s: %w", name, err)
			}
		}
		if err := h.LinkSetUp(bridge); err != nil {
			return fmt.Errorf("bring up %s: %w", plainBridge, err)
		}
		return nil
	})
}

// removePlainBridge frees the ports and writes the sysctls back.
func (n *Node) removePlainBridge(sysctls map[string]string) error {
	err := n.onLink(plainBridge, "remove", (*netlink.Handle).LinkDel)
	for key, value := range sysctls {
		err = errors.Join(err, n.SetSysctl(key, value))
	}
	return err
}
