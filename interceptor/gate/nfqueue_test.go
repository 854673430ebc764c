package gate

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// queued is a message as nfqnl_build_packet_message (nfnetlink_queue.c) makes one.
func queued(id uint32, tci []byte, payload []byte) []byte {
	b := header(nil, nfqnlMsgPacket, 0, 7)
	b = attribute(b, nfqaPacketHdr, append(be32(id), 0x08, 0x00, 0))
	if tci != nil {
		b = attribute(b, nfqaVLAN|0x8000, attribute(attribute(nil, 1, []byte{0x81, 0}), nfqaVLANTCI, tci))
	}
	return finish(attribute(b, nfqaPayload, payload))
}

func TestParsePacket(t *testing.T) {
	payload := []byte{0x45, 1, 2, 3, 4}
	got, ok := parsePacket(queued(0x01020304, []byte{0xe0, 0x2a}, payload))
	if !ok || got.id != 0x01020304 || got.vlan != 42 || !bytes.Equal(got.payload, payload) {
		t.Fatalf("got %+v, %v", got, ok)
	}
	if got, ok = parsePacket(queued(5, nil, nil)); !ok || got.id != 5 || got.vlan != 0 {
		t.Fatalf("got %+v, %v", got, ok)
	}
}

func TestPacketWithoutNumberIsNotAnswered(t *testing.T) {
	b := finish(attribute(header(nil, nfqnlMsgPacket, 0, 7), nfqaPayload, []byte{1}))
	if got, ok := parsePacket(b); ok {
		t.Fatalf("got %+v", got)
	}
}

func TestVerdictLayout(t *testing.T) {
	b := header(nil, nfqnlMsgVerdict, 1, 0x0102)
	b = attribute(b, nfqaVerdictHdr, append(be32(nfAccept), be32(9)...))
	b = finish(attribute(b, nfqaMark, be32(0x4c500001)))
	if got := binary.NativeEndian.Uint32(b); int(got) != len(b) {
		t.Errorf("length says %d, is %d", got, len(b))
	}
	want := []byte{0, 0, 1, 2, 12, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 9, 8, 0, 3, 0, 0x4c, 0x50, 0, 1}
	if got := b[nlmsgHeader:]; !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

func FuzzParsePacket(f *testing.F) {
	f.Add(queued(1, []byte{0, 1}, []byte{0x45}))
	f.Fuzz(func(t *testing.T, b []byte) { parsePacket(b) })
}
