package bridge

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"

	rawnl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Address is an IP address on a Link.
type Address struct {
	Prefix netip.Prefix
	// Proto says who set it (IFA_PROTO, Linux >= 5.18); 0 is unknown.
	Proto uint8
}

// Values of IFA_PROTO (include/uapi/linux/if_addr.h).
const (
	protoRouterAdvert = 2  // IFAPROT_KERNEL_RA
	protoLimpid       = 76 // ours, from the range left to users; rtm_protocol of our route too
)

// kernelMade tells an address that the kernel made up by itself from one that
// somebody chose.
func (a Address) kernelMade() bool {
	return a.Proto == protoRouterAdvert || a.Prefix.Addr().Is6() && a.Prefix.Addr().IsLinkLocalUnicast()
}

// chosen are the addresses that somebody set on purpose.
func (l Link) chosen() []string {
	var s []string
	for _, a := range l.Addresses {
		if !a.kernelMade() {
			s = append(s, a.Prefix.String())
		}
	}
	return s
}

// readAddresses fills in the addresses of links.
func (k *kernel) readAddresses(ctx context.Context, links []Link) error {
	msgs, err := k.dump(ctx, unix.RTM_GETADDR, make([]byte, unix.SizeofIfAddrmsg))
	if err != nil {
		return err
	}
	for _, m := range msgs {
		index, addr, err := parseAddress(m.Data)
		if err != nil {
			return err
		}
		for i := range links {
			if links[i].Index == index {
				links[i].Addresses = append(links[i].Addresses, addr)
			}
		}
	}
	return nil
}

// parseAddress decodes an RTM_NEWADDR message.
func parseAddress(b []byte) (index int, a Address, err error) {
	if len(b) < unix.SizeofIfAddrmsg {
		return 0, Address{}, fmt.Errorf("message of %d bytes is too short for an address", len(b))
	}
	ad, err := rawnl.NewAttributeDecoder(b[unix.SizeofIfAddrmsg:])
	if err != nil {
		return 0, Address{}, err
	}
	var local, address netip.Addr
	for ad.Next() {
		switch ad.Type() {
		case unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(ad.Bytes())
		case unix.IFA_ADDRESS:
			address, _ = netip.AddrFromSlice(ad.Bytes())
		case ifaProto:
			a.Proto = ad.Uint8()
		}
	}
	if !local.IsValid() {
		local = address // IPv6 sends IFA_LOCAL for point-to-point addresses only
	}
	a.Prefix = netip.PrefixFrom(local, int(b[1]))
	return int(binary.NativeEndian.Uint32(b[4:])), a, ad.Err()
}

// readGateways lists the default routes in the main table that carry our protocol
// number, by which they are known even after a restart, and that leave by the
// interface with this index. The kernel filters dumps only for those who ask in
// strict mode (Linux >= 5.0), so that it is done here.
func (k *kernel) readGateways(ctx context.Context, index int) ([]netip.Addr, error) {
	msgs, err := k.dump(ctx, unix.RTM_GETROUTE, make([]byte, unix.SizeofRtMsg))
	if err != nil {
		return nil, err
	}
	var gateways []netip.Addr
	for _, m := range msgs {
		// struct rtmsg: destination length at 1, table at 4, protocol at 5.
		b := m.Data
		if len(b) < unix.SizeofRtMsg || b[1] != 0 || b[4] != unix.RT_TABLE_MAIN || b[5] != protoLimpid {
			continue
		}
		ad, err := rawnl.NewAttributeDecoder(b[unix.SizeofRtMsg:])
		if err != nil {
			return nil, err
		}
		var gateway netip.Addr
		var out int
		for ad.Next() {
			switch ad.Type() {
			case unix.RTA_GATEWAY:
				gateway, _ = netip.AddrFromSlice(ad.Bytes())
			case unix.RTA_OIF:
				out = int(ad.Uint32())
			}
		}
		if err := ad.Err(); err != nil {
			return nil, err
		}
		if out == index && gateway.IsValid() {
			gateways = append(gateways, gateway)
		}
	}
	return gateways, nil
}
