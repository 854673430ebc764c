package neighbours

import (
	"bytes"
	"testing"
	"time"
)

// from is a frame of a length, from an address that ends in last.
func from(last byte, length int) []byte {
	b := bytes.Repeat([]byte{last}, length)
	copy(b, []byte{0x01, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, last, 0x88, 0xcc})
	return b
}

func TestNewestOfEachIsKept(t *testing.T) {
	var k kept
	begun := time.Now()
	want := func(lasts ...byte) {
		t.Helper()
		list := k.list()
		if len(list) != len(lasts) {
			t.Fatalf("%d are kept, want %d", len(list), len(lasts))
		}
		for i, f := range list {
			if f.MAC != [6]byte{2, 0, 0, 0, 0, lasts[i]} {
				t.Errorf("place %d is of %x, want %d", i, f.MAC, lasts[i])
			}
		}
	}
	for i, last := range []byte{1, 2, 3, 1, 4} {
		frame := from(last, 60+i)
		k.add(frame, begun.Add(time.Duration(i)))
		clear(frame) // the buffer is used again
	}
	want(2, 3, 1, 4)
	if f := k.list()[2]; !bytes.Equal(f.Bytes, from(1, 63)) || !f.At.Equal(begun.Add(3)) {
		t.Errorf("kept is %x of %v", f.Bytes, f.At)
	}
	k.add(from(5, 60), begun)
	want(3, 1, 4, 5)
	for last := range byte(200) {
		k.add(from(last, MaxFrame), begun)
	}
	want(196, 197, 198, 199)
	for _, length := range []int{0, 13, MaxFrame + 1} {
		k.add(make([]byte, length), begun)
	}
	want(196, 197, 198, 199)
	if len(k.list()[0].Bytes) != MaxFrame {
		t.Error("the longest frame is cut")
	}
	k.add(make([]byte, 14), begun)
	if len(k.list()) != MaxKept || len(k.list()[3].Bytes) != 14 {
		t.Error("the shortest frame is not kept")
	}
}
