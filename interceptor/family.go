package interceptor

import (
	"github.com/google/nftables"
	"golang.org/x/sys/unix"
)

// family is what differs between IPv4 and IPv6 in the rules.
type family struct {
	suffix    string // of set and chain names: "4" or "6"
	word      string // nft's word for its header: "ip" or "ip6"
	etherType uint16
	proto     uint8 // NFPROTO_*
	saddr     uint32
	daddr     uint32
	addrLen   uint32 // bytes
	headerLen uint32 // bytes, without options
	addrType  nftables.SetDatatype
	bits      int
}

func ipv4() family {
	return family{suffix: "4", word: "ip", etherType: unix.ETH_P_IP, proto: unix.NFPROTO_IPV4,
		saddr: 12, daddr: 16, addrLen: 4, headerLen: 20, addrType: nftables.TypeIPAddr, bits: 32}
}

func ipv6() family {
	return family{suffix: "6", word: "ip6", etherType: unix.ETH_P_IPV6, proto: unix.NFPROTO_IPV6,
		saddr: 8, daddr: 24, addrLen: 16, headerLen: 40, addrType: nftables.TypeIP6Addr, bits: 128}
}

// direction is which way a frame travels between the two ends of a flow. It
// decides which of its addresses is the client's: set keys always put the
// client first.
type direction bool

const (
	clientToServer direction = true
	serverToClient direction = false
)
