package flows

import (
	"bytes"
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// Whatever a frame is, the programs pass it as it is, but for our own: those get MACs, or
// are dropped.
func FuzzFrames(f *testing.F) {
	for _, k := range talks {
		for _, flags := range []byte{syn, syn | ack, ack, fin | ack, rst} {
			f.Add(k.up(flags))
			f.Add(k.down(flags))
		}
		f.Add(k.toldByClient())
		f.Add(k.toldByServer())
		f.Add(tagged(k.up(syn), 0x8100, 5))
	}
	f.Add(longHeader(talks["IPv4"].up(syn), 10))
	f.Add(extended(talks["IPv6"].up(syn), 44))
	f.Add(set(talks["IPv4"].up(syn), 6, 0x20))
	b := newBench(f, specified())
	f.Fuzz(func(t *testing.T, frame []byte) {
		const most = 1514 // a test run takes little more
		if len(frame) < 14 || len(frame) > most {
			t.Skip()
		}
		b := bench{t, b.Memory}
		for _, at := range []struct {
			program string
			mark    uint32
		}{
			{"from_client", 0}, {"from_server", 0}, {"to_client", 0}, {"to_server", 0},
			{"to_client", marks.ToClient}, {"to_server", marks.ToServer}, {"to_server", marks.Asked},
		} {
			o, err := b.run(at.program, at.mark, frame)
			if errors.Is(err, unix.EINVAL) {
				t.Skip() // less than the IP header it says it has
			}
			must(t, err)
			ours := at.mark == marks.ToClient || at.mark == marks.ToServer
			switch {
			case ours && o.verdict == shot:
			case o.verdict != unspec:
				t.Fatalf("%s, mark %#x: verdict %d", at.program, at.mark, int32(o.verdict))
			case ours && bytes.Equal(o.frame[12:], frame[12:]):
			case !bytes.Equal(o.frame, frame):
				t.Fatalf("%s, mark %#x, changed a frame to\n%x", at.program, at.mark, o.frame)
			}
		}
		live, err := b.Live()
		must(t, err)
		if live > uint64(b.spec.Slots) {
			t.Fatalf("%d live flows in %d slots", live, b.spec.Slots)
		}
	})
}
