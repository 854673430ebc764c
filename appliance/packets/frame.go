package packets

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"
)

// frame is what was received. data is good until the next one is.
type frame struct {
	data   []byte
	length int // on the wire
	index  int // of the interface
	at     time.Time
	out    bool // it left by that
}

// Bits of tp_status in struct tpacket_auxdata (include/uapi/linux/if_packet.h).
const (
	vlanValid     = 1 << 4
	vlanTPIDValid = 1 << 6
)

// tagLength is how long a VLAN tag is, and tagPlace where in a frame it stands.
const (
	tagLength = 4
	tagPlace  = 12
)

// receiver takes frames off a packet socket.
type receiver struct {
	buffer []byte // with room for a tag before the frame
	oob    []byte
}

func newReceiver() *receiver {
	return &receiver{make([]byte, tagLength+SnapLength), make([]byte, 256)}
}

// next takes the next frame; unix.EAGAIN: there is none yet.
func (r *receiver) next(fd int) (frame, error) {
	n, oobn, _, from, err := unix.Recvmsg(fd, r.buffer[tagLength:], r.oob, unix.MSG_DONTWAIT)
	if err != nil {
		return frame{}, err
	}
	f := frame{data: r.buffer[tagLength : tagLength+n], length: n}
	if ll, ok := from.(*unix.SockaddrLinklayer); ok {
		f.index, f.out = ll.Ifindex, ll.Pkttype == unix.PACKET_OUTGOING
	}
	messages, err := unix.ParseSocketControlMessage(r.oob[:oobn])
	if err != nil {
		return frame{}, err
	}
	for _, m := range messages {
		switch {
		case m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16:
			f.at = time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
		case m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA && len(m.Data) >= 20:
			r.heed(&f, m.Data)
		}
	}
	if f.at.IsZero() {
		f.at = time.Now()
	}
	return f, nil
}

// heed takes the length from a struct tpacket_auxdata, and puts a tag that the kernel
// has taken out back in its place.
func (r *receiver) heed(f *frame, aux []byte) {
	status := binary.NativeEndian.Uint32(aux)
	f.length = max(f.length, int(binary.NativeEndian.Uint32(aux[4:])))
	if status&vlanValid == 0 || len(f.data) < tagPlace {
		return
	}
	tpid := uint16(unix.ETH_P_8021Q)
	if status&vlanTPIDValid != 0 {
		tpid = binary.NativeEndian.Uint16(aux[18:])
	}
	tagged := r.buffer[:tagLength+len(f.data)]
	copy(tagged, f.data[:tagPlace])
	binary.BigEndian.PutUint16(tagged[tagPlace:], tpid)
	binary.BigEndian.PutUint16(tagged[tagPlace+2:], binary.NativeEndian.Uint16(aux[16:]))
	f.data, f.length = tagged, f.length+tagLength
}
