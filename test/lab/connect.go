package lab

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// groupForward lets the switches pass every group address that the kernel lets
// a bridge pass (all but 01:80:c2:00:00:00 to 02, net/bridge/br_private.h),
// so that LLDP and 802.1X frames reach the box. BPDUs pass since STP is off.
const groupForward = 0xfff8

// connect makes bridges, wires, addresses and routes, in that order: a route
// needs the address it leaves by.
func (l *Lab) connect(specs []nodeSpec, wires []wireSpec, boxDown bool) error {
	for _, spec := range specs {
		if err := l.nodes[spec.name].addBridges(); err != nil {
			return err
		}
	}
	for _, w := range wires {
		if err := l.addWire(w); err != nil {
			return err
		}
	}
	ends := map[string][]wireEnd{}
	for _, w := range wires {
		ends[w.a.node] = append(ends[w.a.node], w.a)
		ends[w.b.node] = append(ends[w.b.node], w.b)
	}
	for _, spec := range specs {
		down := boxDown && spec.kind == inline
		if err := l.nodes[spec.name].configure(ends[spec.name], down); err != nil {
			return err
		}
	}
	return l.settle(wires, boxDown)
}

// addBridges makes the node's own bridges, up, silent (no multicast snooping, no
// STP, which is off by default) and with the addresses they have.
func (n *Node) addBridges() error {
	return n.netlink(func(h *netlink.Handle) error {
		for _, b := range n.spec.bridges {
			end := wireEnd{node: n.Name, iface: b.name, net: b.net, n: b.n, side: b.side}
			attrs := netlink.NewLinkAttrs()
			attrs.Name = b.name
			attrs.HardwareAddr = hardware(end.mac())
			mask, snooping := uint16(groupForward), false
			link := &netlink.Bridge{LinkAttrs: attrs, GroupFwdMask: &mask, MulticastSnooping: &snooping}
			if err := h.LinkAdd(link); err != nil {
				return fmt.Errorf("add bridge %s in %s: %w", b.name, n.Name, err)
			}
			if err := n.address(h, link, end); err != nil {
				return err
			}
		}
		return nil
	})
}

// toBox says whether one end is the box's.
func (w wireSpec) toBox() bool { return w.a.node == "box" || w.b.node == "box" }

// addWire makes a veth pair with both ends where they belong: one message.
func (l *Lab) addWire(w wireSpec) error {
	a, b := l.nodes[w.a.node], l.nodes[w.b.node]
	return a.netlink(func(h *netlink.Handle) error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = w.a.iface
		attrs.HardwareAddr = hardware(w.a.mac())
		err := h.LinkAdd(&netlink.Veth{
			LinkAttrs:        attrs,
			PeerName:         w.b.iface,
			PeerHardwareAddr: hardware(w.b.mac()),
			PeerNamespace:    netlink.NsFd(b.keeper.ns),
		})
		if err != nil {
			return fmt.Errorf("add wire %s/%s to %s/%s: %w", w.a.node, w.a.iface, w.b.node, w.b.iface, err)
		}
		return nil
	})
}

// configure brings the node's interfaces up and gives it its routes.
func (n *Node) configure(ends []wireEnd, down bool) error {
	return n.netlink(func(h *netlink.Handle) error {
		lo, err := h.LinkByName("lo")
		if err == nil {
			err = h.LinkSetUp(lo)
		}
		if err != nil {
			return fmt.Errorf("bring up lo in %s: %w", n.Name, err)
		}
		for _, e := range ends {
			link, err := h.LinkByName(e.iface)
			if err != nil {
				return fmt.Errorf("find %s in %s: %w", e.iface, n.Name, err)
			}
			if e.master != "" {
				if err := enslave(h, link, e.master); err != nil {
					return fmt.Errorf("in %s: %w", n.Name, err)
				}
			}
			if down {
				n.addInterface(e.describe())
				continue
			}
			if err := n.address(h, link, e); err != nil {
				return err
			}
		}
		for _, r := range n.spec.routes {
			if err := addRoute(h, r); err != nil {
				return fmt.Errorf("add route to %s in %s: %w", r.to, n.Name, err)
			}
		}
		return nil
	})
}

// address brings a link up with the addresses of its end, if any.
func (n *Node) address(h *netlink.Handle, link netlink.Link, e wireEnd) error {
	n.addInterface(e.describe())
	if err := h.LinkSetUp(link); err != nil {
		return fmt.Errorf("bring up %s in %s: %w", e.iface, n.Name, err)
	}
	if e.net == 0 {
		return nil
	}
	// Without duplicate address detection, IPv6 too works at once.
	for _, p := range []netip.Prefix{addr4(e.net, e.n), addr6(e.net, e.n)} {
		if err := h.AddrAdd(link, &netlink.Addr{IPNet: ipNet(p), Flags: unix.IFA_F_NODAD}); err != nil {
			return fmt.Errorf("add %s to %s in %s: %w", p, e.iface, n.Name, err)
		}
	}
	return nil
}

// describe is what Node.Interface will tell of this end.
func (e wireEnd) describe() Interface {
	i := Interface{Name: e.iface, MAC: e.mac(), toServers: e.side == servers}
	if e.net != 0 {
		i.IP4, i.IP6 = addr4(e.net, e.n), addr6(e.net, e.n)
	}
	return i
}

// enslave makes a link a port of a bridge by name.
func enslave(h *netlink.Handle, port netlink.Link, bridge string) error {
	master, err := h.LinkByName(bridge)
	if err == nil {
		err = h.LinkSetMaster(port, master)
	}
	if err != nil {
		return fmt.Errorf("enslave %s to %s: %w", port.Attrs().Name, bridge, err)
	}
	return nil
}

func hardware(m MAC) net.HardwareAddr { return net.HardwareAddr(m[:]) }

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
