package lab

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"
)

// Bits of tpacket_auxdata.tp_status (include/uapi/linux/if_packet.h).
const (
	vlanValid     = 1 << 4
	vlanTPIDValid = 1 << 6
)

// vlanTag is a tag that the kernel took out of a frame; valid false if none.
type vlanTag struct {
	valid bool
	tpid  uint16
	tci   uint16
}

// ancillary reads timestamp and VLAN tag from the control messages of a packet
// socket. Without a timestamp, which is only missing when the kernel lacks
// memory, the time is now.
func ancillary(oob []byte) (time.Time, vlanTag) {
	when, tag := time.Now(), vlanTag{}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return when, tag
	}
	for _, m := range messages {
		level, kind, data := m.Header.Level, m.Header.Type, m.Data
		switch {
		case level == unix.SOL_SOCKET && kind == unix.SCM_TIMESTAMPNS && len(data) >= 16:
			when = time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:])))
		case level == unix.SOL_PACKET && kind == unix.PACKET_AUXDATA && len(data) >= 20:
			// status, len and snaplen of 4 bytes; mac, net, vlan_tci, vlan_tpid of 2.
			status := binary.NativeEndian.Uint32(data)
			tag.valid = status&vlanValid != 0
			tag.tci = binary.NativeEndian.Uint16(data[16:])
			tag.tpid = unix.ETH_P_8021Q
			if status&vlanTPIDValid != 0 {
				tag.tpid = binary.NativeEndian.Uint16(data[18:])
			}
		}
	}
	return when, tag
}

// withTag copies a frame, with the tag put back where it was on the wire.
func withTag(frame []byte, tag vlanTag) []byte {
	if !tag.valid || len(frame) < 12 {
		return append([]byte(nil), frame...)
	}
	out := make([]byte, 0, len(frame)+4)
	out = append(out, frame[:12]...)
	out = binary.BigEndian.AppendUint16(out, tag.tpid)
	out = binary.BigEndian.AppendUint16(out, tag.tci)
	return append(out, frame[12:]...)
}
