package bridge

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	rawnl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const (
	// skipStatistics is RTEXT_FILTER_SKIP_STATS: counters would be most of the answer.
	skipStatistics = 8
	// sysClassNet tells wireless interfaces apart.
	sysClassNet = "/sys/class/net"
	// iflaVLANID is IFLA_VLAN_ID (include/uapi/linux/if_link.h).
	iflaVLANID = 1
)

// readStatus reads all that Plan needs.
func (k *kernel) readStatus(ctx context.Context, spec Spec) (Status, error) {
	links, err := k.readLinks(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("list interfaces: %w", err)
	}
	if err := k.readAddresses(ctx, links); err != nil {
		return Status{}, fmt.Errorf("list addresses: %w", err)
	}
	st := Status{
		Bridge: named(links, spec.Name), LAN: named(links, spec.LAN), WAN: named(links, spec.WAN),
		Loopback: named(links, loopback).Up,
		Sysctls:  readSysctls(sysctlKeys(spec)),
		Held:     spec.held,
	}
	st.LAN.inspect(links)
	st.WAN.inspect(links)
	st.former(links)
	if spec.Alone {
		st.strays(links)
	}
	for _, l := range links {
		if l.Master != "" && l.Master == spec.Name && l.Name != spec.LAN && l.Name != spec.WAN {
			st.Foreign = append(st.Foreign, l.Name)
		}
		if strings.HasPrefix(l.Name, spec.Name+".") {
			st.VLANs = append(st.VLANs, l)
		}
	}
	dev := st.Bridge
	if spec.ManagementVLAN != 0 {
		dev = st.vlan(spec.managementDevice())
	}
	if dev.Present {
		if st.Gateways, err = k.readGateways(ctx, dev.Index); err != nil {
			return Status{}, fmt.Errorf("list routes: %w", err)
		}
	}
	st.Warnings = warnings(spec, st)
	return st, nil
}

// inspect adds what is asked of ports only.
func (l *Link) inspect(links []Link) {
	if !l.Present {
		return
	}
	l.SpeedMbps, l.FullDuplex = speed(l.Name)
	l.LRO = lro(l.Name)
	l.Wireless = wireless(sysClassNet, *l)
	for _, other := range links {
		if stacks(other.Kind) && other.Parent == l.Index {
			l.Stacked = append(l.Stacked, other.Name)
		}
	}
}

// named gives an absent Link its name.
func named(links []Link, name string) Link {
	for _, l := range links {
		if l.Name == name {
			return l
		}
	}
	return Link{Name: name}
}

// readLinks takes all interfaces in one dump, which is consistent in itself: asked
// for one by one, a port could leave between two answers.
func (k *kernel) readLinks(ctx context.Context) ([]Link, error) {
	ae := rawnl.NewAttributeEncoder()
	ae.Uint32(unix.IFLA_EXT_MASK, skipStatistics)
	attrs, err := ae.Encode()
	if err != nil {
		return nil, err
	}
	msgs, err := k.dump(ctx, unix.RTM_GETLINK, append(ifinfomsg(unix.AF_UNSPEC, 0), attrs...))
	if err != nil {
		return nil, err
	}
	var links []Link
	masters := make(map[int]string) // names by index
	master := make([]int, 0, len(msgs))
	for _, m := range msgs {
		l, up, err := parseLink(m.Data)
		if err != nil {
			return nil, err
		}
		links = append(links, l)
		master = append(master, up)
		masters[l.Index] = l.Name
	}
	for i := range links {
		links[i].Master = masters[master[i]]
	}
	return links, nil
}

// parseLink decodes an RTM_NEWLINK message; master is an index or 0.
func parseLink(b []byte) (l Link, master int, err error) {
	if len(b) < unix.SizeofIfInfomsg {
		return Link{}, 0, fmt.Errorf("message of %d bytes is too short for an interface", len(b))
	}
	hardware := binary.NativeEndian.Uint16(b[2:])
	flags := binary.NativeEndian.Uint32(b[8:])
	l = Link{
		Present:  true,
		Index:    int(int32(binary.NativeEndian.Uint32(b[4:]))),
		Ethernet: hardware == unix.ARPHRD_ETHER,
		Loopback: flags&unix.IFF_LOOPBACK != 0,
		Up:       flags&unix.IFF_UP != 0,
		Running:  flags&unix.IFF_RUNNING != 0,
		Carrier:  flags&unix.IFF_LOWER_UP != 0,
	}
	ad, err := rawnl.NewAttributeDecoder(b[unix.SizeofIfInfomsg:])
	if err != nil {
		return Link{}, 0, err
	}
	for ad.Next() {
		switch ad.Type() {
		case unix.IFLA_IFNAME:
			l.Name = ad.String()
		case unix.IFLA_MTU:
			l.MTU = int(ad.Uint32())
		case unix.IFLA_ADDRESS:
			l.MAC = net.HardwareAddr(ad.Bytes())
		case unix.IFLA_PERM_ADDRESS:
			l.PermanentMAC = net.HardwareAddr(ad.Bytes())
		case unix.IFLA_IFALIAS:
			l.Alias = ad.String()
		case unix.IFLA_MASTER:
			master = int(ad.Uint32())
		case unix.IFLA_LINK:
			l.Parent = int(ad.Uint32())
		case unix.IFLA_LINKINFO:
			ad.Nested(l.parseInfo)
		}
	}
	return l, master, ad.Err()
}

// parseInfo decodes IFLA_LINKINFO. The kernel sends each KIND before its DATA
// (rtnl_link_fill in net/core/rtnetlink.c).
func (l *Link) parseInfo(ad *rawnl.AttributeDecoder) error {
	var slave string
	for ad.Next() {
		switch ad.Type() {
		case unix.IFLA_INFO_KIND:
			l.Kind = ad.String()
		case unix.IFLA_INFO_DATA:
			switch l.Kind {
			case "bridge":
				ad.Nested(func(data *rawnl.AttributeDecoder) error { return l.parseSettings(data, bridgeSettings()) })
			case "vlan":
				ad.Nested(l.parseVLAN)
			}
		case unix.IFLA_INFO_SLAVE_KIND:
			slave = ad.String()
		case unix.IFLA_INFO_SLAVE_DATA:
			if slave == "bridge" {
				ad.Nested(func(data *rawnl.AttributeDecoder) error {
					return l.parseSettings(data, append(portSettings(), portState()))
				})
			}
		}
	}
	return ad.Err()
}

// parseSettings keeps the attributes we care for, in whatever width they come.
func (l *Link) parseSettings(ad *rawnl.AttributeDecoder, settings []setting) error {
	l.Settings = make(map[string]uint32, len(settings))
	byAttr := make(map[uint16]setting, len(settings))
	for _, s := range settings {
		byAttr[s.Attr] = s
	}
	for ad.Next() {
		s, ok := byAttr[ad.Type()]
		if !ok {
			continue
		}
		switch b := ad.Bytes(); len(b) {
		case 1:
			l.Settings[s.Name] = uint32(b[0])
		case 2:
			l.Settings[s.Name] = uint32(binary.NativeEndian.Uint16(b))
		case 4:
			l.Settings[s.Name] = binary.NativeEndian.Uint32(b)
		}
	}
	return ad.Err()
}

func (l *Link) parseVLAN(ad *rawnl.AttributeDecoder) error {
	for ad.Next() {
		if ad.Type() == iflaVLANID {
			l.VLAN = ad.Uint16()
		}
	}
	return ad.Err()
}

// wireless looks for the mark that cfg80211 leaves in sysfs, which netlink does not
// show. sysfs may be that of another network namespace: the address must agree.
func wireless(root string, l Link) bool {
	dir := filepath.Join(root, l.Name)
	mac, err := os.ReadFile(filepath.Join(dir, "address"))
	if err != nil || strings.TrimSpace(string(mac)) != l.MAC.String() {
		return false
	}
	_, err = os.Stat(filepath.Join(dir, "phy80211"))
	return err == nil
}
