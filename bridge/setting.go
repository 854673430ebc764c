package bridge

import "golang.org/x/sys/unix"

// setting is one netlink attribute of a bridge or of a bridge port, and the value
// that limpid wants it to have.
type setting struct {
	Name string // as iproute2 spells it
	Attr uint16 // IFLA_BR_* or IFLA_BRPORT_*
	Size int    // bytes on the wire: 1, 2 or 4
	New  uint32 // what the kernel gives a new bridge or port
	Want uint32
}

const (
	// bridgeGroupMask lets every group address 01:80:c2:00:00:0X cross that a bridge
	// can be told to forward: BR_GROUPFWD_RESTRICTED bars bits 0 to 2 (STP, PAUSE,
	// LACP) here (net/bridge/br_private.h, Linux 6.12).
	bridgeGroupMask = 0xfff8
	// portGroupMask adds BPDUs and LACP, which a port may be told to forward: only
	// BR_GROUPFWD_MACPAUSE is refused (br_setport in net/bridge/br_netlink.c, Linux
	// >= 4.15). PAUSE frames belong to one link and must not cross.
	portGroupMask = 0xfffd

	// stateForwarding is BR_STATE_FORWARDING (include/uapi/linux/if_bridge.h).
	stateForwarding = 3
)

// bridgeSettings are what makes a bridge a wire. The order matters on a bridge
// that exists: the kernel refuses a forward delay of 0 while STP is on (-ERANGE,
// br_set_forward_delay in net/bridge/br_stp.c). A new bridge is sent only what
// differs from the kernel's own choice: even "vlan_filtering 0" is refused by a
// kernel without CONFIG_BRIDGE_VLAN_FILTERING.
func bridgeSettings() []setting {
	return []setting{
		// A wire takes part in no spanning tree: it carries that of its neighbours.
		{"stp_state", unix.IFLA_BR_STP_STATE, 4, 0, 0},
		// A port that comes up forwards at once, not after listening and learning.
		{"forward_delay", unix.IFLA_BR_FORWARD_DELAY, 4, 15 * 100, 0},
		// 0 would make a hub of it: every frame out of every port, those to the box too.
		{"ageing_time", unix.IFLA_BR_AGEING_TIME, 4, 300 * 100, 300 * 100}, // hundredths of a second
		{"group_fwd_mask", unix.IFLA_BR_GROUP_FWD_MASK, 2, 0, bridgeGroupMask},
		// A snooping bridge joins 224.0.0.106 when it comes up, which it says on the wire.
		{"mcast_snooping", unix.IFLA_BR_MCAST_SNOOPING, 1, 1, 0},
		// A querier sends IGMP and MLD queries of its own.
		{"mcast_querier", unix.IFLA_BR_MCAST_QUERIER, 1, 0, 0},
		// Tags are the business of both ends: they cross as they are, QinQ too.
		{"vlan_filtering", unix.IFLA_BR_VLAN_FILTERING, 1, 0, 0},
		// These act beside the sysctls of the same name: either one is enough to turn it on.
		{"nf_call_iptables", unix.IFLA_BR_NF_CALL_IPTABLES, 1, 0, 0},
		{"nf_call_ip6tables", unix.IFLA_BR_NF_CALL_IP6TABLES, 1, 0, 0},
		{"nf_call_arptables", unix.IFLA_BR_NF_CALL_ARPTABLES, 1, 0, 0},
	}
}

// portSettings are what makes a bridge port one end of a wire. All but the group
// mask are what a new port has; an earlier owner may have changed them.
func portSettings() []setting {
	return []setting{
		{"group_fwd_mask", unix.IFLA_BRPORT_GROUP_FWD_MASK, 2, 0, portGroupMask},
		// Out of the port it came in by: a loop, seen from the neighbour.
		{"hairpin", unix.IFLA_BRPORT_MODE, 1, 0, 0},
		// The first two concern BPDUs, which are to cross; the third multicast groups.
		{"guard", unix.IFLA_BRPORT_GUARD, 1, 0, 0},
		{"root_block", unix.IFLA_BRPORT_PROTECT, 1, 0, 0},
		{"fast_leave", unix.IFLA_BRPORT_FAST_LEAVE, 1, 0, 0},
		// A frame to a station not yet seen must reach the other side all the same.
		{"learning", unix.IFLA_BRPORT_LEARNING, 1, 1, 1},
		{"flood", unix.IFLA_BRPORT_UNICAST_FLOOD, 1, 1, 1},
		{"mcast_flood", unix.IFLA_BRPORT_MCAST_FLOOD, 1, 1, 1},
		{"bcast_flood", unix.IFLA_BRPORT_BCAST_FLOOD, 1, 1, 1},
		// This one rewrites the receiver's address.
		{"mcast_to_unicast", unix.IFLA_BRPORT_MCAST_TO_UCAST, 1, 0, 0},
		// The bridge must not answer ARP and NDP for stations it has heard of.
		{"proxy_arp", unix.IFLA_BRPORT_PROXYARP, 1, 0, 0},
		{"proxy_arp_wifi", unix.IFLA_BRPORT_PROXYARP_WIFI, 1, 0, 0},
		{"neigh_suppress", unix.IFLA_BRPORT_NEIGH_SUPPRESS, 1, 0, 0},
		// Two isolated ports do not talk to each other; a locked one only takes frames
		// from stations that were let in (802.1X by the bridge itself).
		{"isolated", unix.IFLA_BRPORT_ISOLATED, 1, 0, 0},
		{"locked", unix.IFLA_BRPORT_LOCKED, 1, 0, 0},
	}
}

// portState is apart from portSettings since the kernel sets it too: disabled
// without carrier, forwarding with it. A port that STP had blocked stays blocked
// when STP is turned off (br_stp_stop), and then has to be released by hand.
func portState() setting {
	return setting{"state", unix.IFLA_BRPORT_STATE, 1, 0, stateForwarding}
}
