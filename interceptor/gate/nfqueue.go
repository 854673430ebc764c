package gate

import "encoding/binary"

// The part of linux/netfilter/nfnetlink_queue.h and nfnetlink.h (6.12) the
// gate speaks.
const (
	nfnlSubsysQueue = 3
	nfqnlMsgPacket  = nfnlSubsysQueue << 8
	nfqnlMsgVerdict = nfnlSubsysQueue<<8 | 1
	nfqnlMsgConfig  = nfnlSubsysQueue<<8 | 2

	nfqaCfgCmd         = 1
	nfqaCfgParams      = 2
	nfqaCfgQueueMaxlen = 3
	nfqaCfgMask        = 4
	nfqaCfgFlags       = 5
	nfqnlCfgCmdBind    = 1
	nfqnlCopyPacket    = 2
	nfqaCfgFFailOpen   = 1

	nfqaPacketHdr  = 1
	nfqaVerdictHdr = 2
	nfqaMark       = 3
	nfqaPayload    = 10
	nfqaVLAN       = 19
	nfqaVLANTCI    = 2

	nfDrop   = 0
	nfAccept = 1

	nlmsgHeader = 16
	nfgenmsg    = 4
	attrHeader  = 4
	attrMask    = 0x3fff // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
)

func align(n int) int { return (n + 3) &^ 3 }

func be32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

// header begins a netlink message to a queue; finish writes its length.
func header(b []byte, kind uint16, flags uint16, queue uint16) []byte {
	b = append(b, 0, 0, 0, 0)
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, flags)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // sequence, port
	b = append(b, 0, 0)                   // AF_UNSPEC, NFNETLINK_V0
	return binary.BigEndian.AppendUint16(b, queue)
}

func finish(b []byte) []byte {
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	return b
}

func attribute(b []byte, kind uint16, data []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(attrHeader+len(data)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// queuedPacket is one packet the kernel asks about.
type queuedPacket struct {
	id      uint32
	vlan    uint16
	payload []byte // from the network header on
}

// parsePacket reads an NFQNL_MSG_PACKET; false if it has no number.
func parsePacket(b []byte) (queuedPacket, bool) {
	if len(b) < nlmsgHeader+nfgenmsg {
		return queuedPacket{}, false
	}
	var p queuedPacket
	found := false
	eachAttribute(b[nlmsgHeader+nfgenmsg:], func(kind uint16, data []byte) {
		switch kind {
		case nfqaPacketHdr:
			if len(data) >= 4 {
				p.id, found = binary.BigEndian.Uint32(data), true
			}
		case nfqaPayload:
			p.payload = data
		case nfqaVLAN:
			eachAttribute(data, func(kind uint16, data []byte) {
				if kind == nfqaVLANTCI && len(data) >= 2 {
					p.vlan = binary.BigEndian.Uint16(data) & 0xfff
				}
			})
		}
	})
	return p, found
}

func eachAttribute(b []byte, f func(kind uint16, data []byte)) {
	for len(b) >= attrHeader {
		length := int(binary.NativeEndian.Uint16(b))
		if length < attrHeader || length > len(b) {
			return
		}
		f(binary.NativeEndian.Uint16(b[2:])&attrMask, b[attrHeader:length])
		b = b[min(align(length), len(b)):]
	}
}
