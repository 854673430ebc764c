package interceptor

import (
	"time"

	"limpid/interceptor/flows"
)

// Memory is where the kernel keeps what it knows of captured flows.
type Memory string

// Memories. Sets are maps of nft that rules fill, and work on any kernel; Programs
// (package flows) cost less, and need Linux 6.6 with CONFIG_BPF_SYSCALL.
const (
	Sets     Memory = "sets"
	Programs Memory = "programs"
)

// unjudged is how long a SYN keeps a slot that is neither captured nor bridged, as one for which the
// wan port has no link: far longer than the gate waits for any server.
const unjudged = 5 * time.Second

// flowSpec is s as the programs need it.
func (s Spec) flowSpec() flows.Spec {
	return flows.Spec{
		LAN: s.LAN, WAN: s.WAN, BridgeMAC: s.BridgeMAC, Ports: s.Ports, VLANs: s.vlans(), IPv6: s.IPv6, Slots: s.Slots,
		FlowTimeout: s.FlowTimeout, OpeningTimeout: s.OpeningTimeout, AskedTimeout: unjudged, EndedTimeout: s.EndedTimeout,
		Marks: flows.Marks{
			Asked: uint32(MarkAsked), Full: uint32(MarkFull), FromClient: uint32(MarkFromClient), FromServer: uint32(MarkFromServer),
			ToClient: uint32(MarkToClient), ToServer: uint32(MarkToServer),
		},
	}
}
