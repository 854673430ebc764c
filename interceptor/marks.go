package interceptor

// Mark is the packet and socket mark (skb->mark, SO_MARK) by which the bridge
// hooks, policy routing and sockets agree on what a packet is. It holds a
// fixed tag, an 802.1Q identifier and a kind; bits outside MarkMask are the VLAN's.
type Mark uint32

// Kinds of marked packets.
const (
	// MarkApproved is set by the gate on a SYN that may be captured.
	MarkApproved Mark = 0x4c500001
	// MarkFromClient is set on captured frames that entered by the lan port.
	MarkFromClient Mark = 0x4c500002
	// MarkFromServer is set on captured frames that entered by the wan port.
	MarkFromServer Mark = 0x4c500003
	// MarkToClient is the mark of sockets that speak to clients.
	MarkToClient Mark = 0x4c500004
	// MarkToServer is the mark of sockets that speak to servers.
	MarkToServer Mark = 0x4c500005
	// MarkHeardLAN and MarkHeardWAN are set on LLDP frames that entered by the lan and
	// by the wan port, on the copies that the bridge itself is given.
	MarkHeardLAN Mark = 0x4c500006
	MarkHeardWAN Mark = 0x4c500007
	// MarkAsked and MarkFull are set by package flows on SYNs that took a slot, and that
	// found none.
	MarkAsked Mark = 0x4c500008
	MarkFull  Mark = 0x4c500009

	// MarkMask selects the tag and the kind.
	MarkMask Mark = 0xfff0000f

	vlanShift = 4
)

// WithVLAN returns m for packets of an 802.1Q identifier (0 for untagged, to 4094).
func (m Mark) WithVLAN(id uint16) Mark { return m | Mark(id&0xfff)<<vlanShift }

// VLAN is the 802.1Q identifier in m, 0 for untagged.
func (m Mark) VLAN() uint16 { return uint16(m>>vlanShift) & 0xfff }
