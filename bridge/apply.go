package bridge

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	rawnl "github.com/mdlayher/netlink"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ifaProto is IFA_PROTO, which x/sys does not name yet (include/uapi/linux/if_addr.h).
// Kernels before 5.18 pass it over; there, an address set by an earlier run stays.
const ifaProto = 11

func (o CreateBridge) apply(k *kernel) error {
	err := k.request(unix.RTM_NEWLINK, rawnl.Create|rawnl.Excl, ifinfomsg(unix.AF_UNSPEC, 0), func(ae *rawnl.AttributeEncoder) {
		ae.String(unix.IFLA_IFNAME, o.Name)
		ae.Bytes(unix.IFLA_ADDRESS, o.MAC)
		ae.Nested(unix.IFLA_LINKINFO, func(info *rawnl.AttributeEncoder) error {
			info.String(unix.IFLA_INFO_KIND, "bridge")
			info.Nested(unix.IFLA_INFO_DATA, func(data *rawnl.AttributeEncoder) error {
				for _, s := range bridgeSettings() {
					if s.Want != s.New {
						s.encode(data, s.Want)
					}
				}
				return nil
			})
			return nil
		})
	})
	if errors.Is(err, unix.EOPNOTSUPP) {
		return errNoBridge()
	}
	return err
}

// apply sends a single attribute, so that a kernel which refuses one still takes the
// others.
func (o SetBridge) apply(k *kernel) error {
	index, err := k.index(o.Name)
	if err != nil {
		return err
	}
	s, err := find(bridgeSettings(), o.Setting)
	if err != nil {
		return err
	}
	return k.request(unix.RTM_NEWLINK, 0, ifinfomsg(unix.AF_UNSPEC, index), func(ae *rawnl.AttributeEncoder) {
		ae.Nested(unix.IFLA_LINKINFO, func(info *rawnl.AttributeEncoder) error {
			info.String(unix.IFLA_INFO_KIND, "bridge")
			info.Nested(unix.IFLA_INFO_DATA, func(data *rawnl.AttributeEncoder) error {
				s.encode(data, o.To)
				return nil
			})
			return nil
		})
	})
}

// apply takes the way of bridge(8), by AF_BRIDGE (br_setlink): the port need not be
// named as anybody's slave in the message.
func (o SetPort) apply(k *kernel) error {
	index, err := k.index(o.Name)
	if err != nil {
		return err
	}
	s, err := find(append(portSettings(), portState()), o.Setting)
	if err != nil {
		return err
	}
	return k.request(unix.RTM_SETLINK, 0, ifinfomsg(unix.AF_BRIDGE, index), func(ae *rawnl.AttributeEncoder) {
		ae.Nested(unix.IFLA_PROTINFO, func(info *rawnl.AttributeEncoder) error {
			s.encode(info, o.To)
			return nil
		})
	})
}

func (s setting) encode(ae *rawnl.AttributeEncoder, v uint32) {
	switch s.Size {
	case 1:
		ae.Uint8(s.Attr, uint8(v))
	case 2:
		ae.Uint16(s.Attr, uint16(v))
	default:
		ae.Uint32(s.Attr, v)
	}
}

func find(settings []setting, name string) (setting, error) {
	i := slices.IndexFunc(settings, func(s setting) bool { return s.Name == name })
	if i < 0 {
		return setting{}, fmt.Errorf("no setting is called %s", name)
	}
	return settings[i], nil
}

// with finds the interface anew for each step, by name: the plan may have made it,
// and one that was unplugged since must be an error, not another interface. It runs
// f on the interface called name.
func (k *kernel) with(name string, f func(netlink.Link) error) error {
	link, err := k.link(name)
	if err != nil {
		return err
	}
	return f(link)
}

func (o SetMAC) apply(k *kernel) error {
	return k.with(o.Name, func(l netlink.Link) error { return k.handle.LinkSetHardwareAddr(l, o.To) })
}

func (o SetMTU) apply(k *kernel) error {
	return k.with(o.Name, func(l netlink.Link) error { return k.handle.LinkSetMTU(l, o.To) })
}

func (o SetUp) apply(k *kernel) error   { return k.with(o.Name, k.handle.LinkSetUp) }
func (o SetDown) apply(k *kernel) error { return k.with(o.Name, k.handle.LinkSetDown) }

// apply maps the one refusal that cannot be foreseen everywhere: IFF_DONT_BRIDGE,
// which no interface shows (br_add_if).
func (o Enslave) apply(k *kernel) error {
	err := k.with(o.Port, func(l netlink.Link) error {
		return k.with(o.Bridge, func(br netlink.Link) error { return k.handle.LinkSetMaster(l, br) })
	})
	if errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("its driver does not let it be bridged (a wireless station never can): name another in [bridge] ports: %w", err)
	}
	return err
}

func (o Release) apply(k *kernel) error { return k.with(o.Port, k.handle.LinkSetNoMaster) }

// apply also meets a kernel that lacks 8021q as a module it cannot load.
func (o AddVLAN) apply(k *kernel) error {
	index, err := k.index(o.Bridge)
	if err != nil {
		return err
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.ParentIndex = o.Name, index
	err = k.handle.LinkAdd(&netlink.Vlan{LinkAttrs: attrs, VlanId: int(o.ID), VlanProtocol: netlink.VLAN_PROTOCOL_8021Q})
	if errors.Is(err, unix.EOPNOTSUPP) {
		return errNoVLAN()
	}
	return err
}

// apply takes an interface that is gone already for success.
func (o DeleteLink) apply(k *kernel) error {
	link, err := k.link(o.Name)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil
	}
	if err != nil {
		return err
	}
	return k.handle.LinkDel(link)
}

func (o WriteSysctl) apply(*kernel) error { return writeSysctl(o.Key, o.To) }

func (o DisableLRO) apply(*kernel) error { return disableLRO(o.Name) }

// apply speaks to the kernel by itself since vishvananda/netlink v1.3.1 cannot mark
// an address with IFA_PROTO.
func (o AddAddress) apply(k *kernel) error {
	index, err := k.index(o.Name)
	if err != nil {
		return err
	}
	addr := o.Prefix.Addr()
	family := uint8(unix.AF_INET)
	if addr.Is6() {
		family = unix.AF_INET6
	}
	// struct ifaddrmsg: family, prefix length, flags, scope (universe), index.
	body := []byte{family, uint8(o.Prefix.Bits()), 0, unix.RT_SCOPE_UNIVERSE, 0, 0, 0, 0}
	binary.NativeEndian.PutUint32(body[4:], uint32(index))
	return k.request(unix.RTM_NEWADDR, rawnl.Create|rawnl.Replace, body, func(ae *rawnl.AttributeEncoder) {
		ae.Bytes(unix.IFA_LOCAL, addr.AsSlice())
		ae.Bytes(unix.IFA_ADDRESS, addr.AsSlice())
		if addr.Is4() && o.Prefix.Bits() < 31 { // RFC 3021: no broadcast on a point-to-point /31
			ae.Bytes(unix.IFA_BROADCAST, broadcast(o.Prefix))
		}
		ae.Uint8(ifaProto, protoLimpid)
	})
}

// broadcast sets all host bits of an IPv4 prefix.
func broadcast(p netip.Prefix) []byte {
	a := p.Addr().As4()
	v := binary.BigEndian.Uint32(a[:]) | (1<<32-1)>>p.Bits()
	return binary.BigEndian.AppendUint32(nil, v)
}

func (o DeleteAddress) apply(k *kernel) error {
	return k.with(o.Name, func(l netlink.Link) error {
		addr, err := netlink.ParseAddr(o.Prefix.String())
		if err != nil {
			return err
		}
		err = k.handle.AddrDel(l, addr)
		if errors.Is(err, unix.EADDRNOTAVAIL) {
			return nil // gone with its primary, or taken off by somebody else
		}
		return err
	})
}

// route is the default route of the box itself, in the main table.
func (k *kernel) route(name string, gateway netip.Addr) (*netlink.Route, error) {
	index, err := k.index(name)
	if err != nil {
		return nil, err
	}
	all, err := netlink.ParseIPNet("0.0.0.0/0")
	if gateway.Is6() {
		all, err = netlink.ParseIPNet("::/0")
	}
	if err != nil {
		return nil, err
	}
	return &netlink.Route{
		LinkIndex: index, Dst: all, Gw: gateway.AsSlice(),
		Table: unix.RT_TABLE_MAIN, Protocol: protoLimpid,
	}, nil
}

// apply never replaces: a default route that somebody else set, by another
// interface, may be the one that an administrator is connected through.
func (o AddGateway) apply(k *kernel) error {
	route, err := k.route(o.Name, o.Gateway)
	if err != nil {
		return err
	}
	err = k.handle.RouteAdd(route)
	switch {
	case errors.Is(err, unix.EEXIST):
		return fmt.Errorf("another default route is there: remove it or leave [management] gateway empty: %w", err)
	case errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.EHOSTUNREACH), errors.Is(err, unix.EINVAL):
		return fmt.Errorf("gateway is not in the subnet of [management] address: correct one of them: %w", err)
	}
	return err
}

func (o DeleteGateway) apply(k *kernel) error {
	route, err := k.route(o.Name, o.Gateway)
	if err != nil {
		return err
	}
	if err := k.handle.RouteDel(route); !errors.Is(err, unix.ESRCH) {
		return err
	}
	return nil // gone with its address
}
