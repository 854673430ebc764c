package neighbours

import (
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// takes runs the filter of mark 6. What only the kernel knows of a frame stands in the
// place of the instructions that ask for it.
func takes(t *testing.T, frame []byte, mark, kind uint32) int {
	t.Helper()
	program := filter(6)
	for i, in := range program {
		if extension, ok := in.(bpf.LoadExtension); ok {
			known := map[bpf.Extension]uint32{bpf.ExtMark: mark, bpf.ExtType: kind}
			value, ok := known[extension.Num]
			if !ok {
				t.Fatalf("the filter asks for %v", extension)
			}
			program[i] = bpf.LoadConstant{Dst: bpf.RegA, Val: value}
		}
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	n, err := vm.Run(frame)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFilter(t *testing.T) {
	to := func(group ...byte) []byte {
		frame := from(1, 200)
		copy(frame, group)
		return frame
	}
	bridge := []byte{0x01, 0x80, 0xc2, 0, 0, 0x0e}
	for name, tt := range map[string]struct {
		frame      []byte
		mark, kind uint32
		want       bool
	}{
		"nearest bridge":            {to(bridge...), 6, unix.PACKET_MULTICAST, true},
		"nearest non-TPMR bridge":   {to(0x01, 0x80, 0xc2, 0, 0, 3), 6, unix.PACKET_MULTICAST, true},
		"nearest customer bridge":   {to(0x01, 0x80, 0xc2, 0, 0, 0), 6, unix.PACKET_MULTICAST, true},
		"another group":             {to(0x01, 0x80, 0xc2, 0, 0, 1), 6, unix.PACKET_MULTICAST, false},
		"quite another group":       {to(0x01, 0x00, 0x5e, 0, 0, 0x0e), 6, unix.PACKET_MULTICAST, false},
		"to all":                    {to(255, 255, 255, 255, 255, 255), 6, unix.PACKET_BROADCAST, false},
		"to the box":                {to(bridge...), 6, unix.PACKET_HOST, false},
		"in a VLAN":                 {to(bridge...), 6, unix.PACKET_OTHERHOST, false},
		"that the box sends":        {to(bridge...), 6, unix.PACKET_OUTGOING, false},
		"by the other port":         {to(bridge...), 7, unix.PACKET_MULTICAST, false},
		"by nobody knows which":     {to(bridge...), 0, unix.PACKET_MULTICAST, false},
		"too short to have a group": {bridge[:3], 6, unix.PACKET_MULTICAST, false},
	} {
		if n := takes(t, tt.frame, tt.mark, tt.kind); (n > 0) != tt.want {
			t.Errorf("%s: %d bytes are taken, want any: %v", name, n, tt.want)
		}
	}
	long := from(1, 9000)
	if n := takes(t, long, 6, unix.PACKET_MULTICAST); n != MaxFrame+1 {
		t.Errorf("of one that is too long %d bytes are taken: it is not seen to be", n)
	}
}
