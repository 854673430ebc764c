package flows

import "time"

// Spec is everything the programs depend on.
type Spec struct {
	LAN, WAN  string // the ports towards clients and servers
	BridgeMAC [6]byte
	Ports     []uint16 // TCP ports captured
	VLANs     []uint16 // 802.1Q identifiers captured; 0 is for untagged frames
	IPv6      bool
	Slots     uint32 // flows that may be live at once; further SYNs are marked Full
	Marks     Marks

	FlowTimeout    time.Duration // since either end was last heard
	OpeningTimeout time.Duration // the same while the client has said nothing but SYN
	AskedTimeout   time.Duration // the same while nobody has approved that, nor bridged it
	EndedTimeout   time.Duration // the same once both legs are over
}

// Marks are those of interceptor, without a VLAN.
type Marks struct {
	Asked      uint32 // a SYN that took a slot: the rules decide
	Full       uint32 // a SYN that found none
	FromClient uint32 // a captured flow's frames, on their way in
	FromServer uint32
	ToClient   uint32 // what the box sends itself, on its way out
	ToServer   uint32
}

// leastOver is how many flows that are over can be remembered at least beside the live ones:
// some 3,000 a second for an EndedTimeout of 20 s, and more where that is cut short.
const leastOver = 65536

// room is how many flows the map holds: a slot is free when its flow is over, while what is
// known of that stays for a while. The kernel takes 16 bytes for each at once, and some 130
// once there is one (kernel/bpf/hashtab.c, Linux 6.12).
func (s Spec) room() uint32 { return s.Slots + max(s.Slots, leastOver) }

// bits has one for each number.
func bits(words int, numbers []uint16) []uint64 {
	out := make([]uint64, words)
	for _, n := range numbers {
		out[int(n)/64%words] |= 1 << (n % 64)
	}
	return out
}

// constants are the variables of flows.c.
func (s Spec) constants() map[string]any {
	return map[string]any{
		"bridge_mac": s.BridgeMAC, "ports": bits(1024, s.Ports), "vlans": bits(64, s.VLANs), "with_ipv6": s.IPv6, "slots": uint64(s.Slots), "room": uint64(s.room()),
		"flow_timeout": uint64(s.FlowTimeout), "opening_timeout": uint64(s.OpeningTimeout), "asked_timeout": uint64(s.AskedTimeout), "ended_timeout": uint64(s.EndedTimeout),
		"mark_asked": s.Marks.Asked, "mark_full": s.Marks.Full, "mark_from_client": s.Marks.FromClient, "mark_from_server": s.Marks.FromServer,
		"mark_to_client": s.Marks.ToClient, "mark_to_server": s.Marks.ToServer,
	}
}
