package packets

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/google/gopacket/pcapgo"
)

func twoPorts() []Port {
	return []Port{{Name: "client", Device: "eth0", Index: 3}, {Name: "server", Device: "eth1", Index: 4}}
}

func TestFile(t *testing.T) {
	var b bytes.Buffer
	f, err := newFile(&b, twoPorts(), 1<<20, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1700000000, 123456789)
	for i, fr := range []frame{{[]byte("to the server"), 13, 4, at, false}, {[]byte("cut"), 70000, 3, at.Add(time.Nanosecond), true}} {
		if err := f.add(fr); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
	}
	if err := f.add(frame{[]byte("x"), 1, 5, at, false}); err == nil {
		t.Error("a frame of an interface that nobody asked for is written")
	}
	if err := f.finish(9); err != nil {
		t.Fatal(err)
	}
	if f.to.n != int64(b.Len()) {
		t.Errorf("%d bytes are counted, %d written", f.to.n, b.Len())
	}
	r, err := pcapgo.NewNgReader(&b, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	data, about, err := r.ReadPacketData()
	if err != nil || string(data) != "to the server" || about.InterfaceIndex != 1 || !about.Timestamp.Equal(at) || about.Length != 13 {
		t.Errorf("%q, %+v, %v", data, about, err)
	}
	data, about, err = r.ReadPacketData()
	if err != nil || string(data) != "cut" || about.InterfaceIndex != 0 || about.Timestamp.Nanosecond() != 123456790 || about.Length != 70000 {
		t.Errorf("%q, %+v, %v", data, about, err)
	}
	_, _, _ = r.ReadPacketData() // the statistics are behind the frames
	for i, want := range []string{"client", "server"} {
		port, err := r.Interface(i)
		if err != nil || port.Name != want || port.SnapLength != SnapLength || port.Statistics.PacketsReceived != 1 || port.Statistics.PacketsDropped != pcapgo.NgNoValue64 {
			t.Errorf("interface %d: %+v, %v", i, port, err)
		}
	}
	if info := r.SectionInfo(); info.Application != "limpid 1.2.3" {
		t.Errorf("section %+v", info)
	}
}

// TestFileOfOnePortTellsDrops: they are known of the socket.
func TestFileOfOnePortTellsDrops(t *testing.T) {
	var b bytes.Buffer
	f, err := newFile(&b, twoPorts()[1:], 1<<20, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.add(frame{make([]byte, 60), 60, 4, time.Now(), false}), f.finish(9)); err != nil {
		t.Fatal(err)
	}
	r, err := pcapgo.NewNgReader(&b, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, _, err = r.ReadPacketData()
	}
	port, err := r.Interface(0)
	if err != nil || port.Name != "server" || port.Statistics.PacketsDropped != 9 || port.Statistics.PacketsReceived != 10 {
		t.Errorf("%+v, %v", port, err)
	}
}

// TestFileIsNeverLonger writes frames of all lengths until they no longer fit.
func TestFileIsNeverLonger(t *testing.T) {
	for _, most := range []int64{4096, 4097, 5000, 10000} {
		for length := range 70 {
			var b bytes.Buffer
			f, err := newFile(&b, twoPorts(), most, "a version of some length 1.2.3-456-gabcdef0")
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for ; err == nil; n++ {
				err = f.add(frame{make([]byte, length), length, 3 + n%2, time.Now(), false})
			}
			if !errors.Is(err, errFull) {
				t.Fatal(err)
			}
			if err := f.finish(1 << 40); err != nil {
				t.Fatal(err)
			}
			if size := int64(b.Len()); size > most || size < most-2*statsLength-int64(length)-2*blockLength {
				t.Fatalf("%d bytes for %d frames of %d, want at most %d and not much less", size, n, length, most)
			}
		}
	}
}

// auxdata is a struct tpacket_auxdata.
func auxdata(status, length uint32, tci, tpid uint16) []byte {
	b := binary.NativeEndian.AppendUint32(nil, status)
	b = binary.NativeEndian.AppendUint32(b, length)
	b = binary.NativeEndian.AppendUint32(b, length)
	b = append(b, 0, 0, 0, 0)
	b = binary.NativeEndian.AppendUint16(b, tci)
	return binary.NativeEndian.AppendUint16(b, tpid)
}

// TestTagIsPutBack: a frame is as it was on the wire, whatever the kernel took out.
func TestTagIsPutBack(t *testing.T) {
	const plain = "ddddddssssss\x08\x00data"
	for name, tt := range map[string]struct {
		aux    []byte
		frame  string
		want   string
		length int
	}{
		"no tag":             {auxdata(0, 18, 42, 0), plain, plain, 18},
		"a tag":              {auxdata(vlanValid, 18, 42|5<<13, 0), plain, "ddddddssssss\x81\x00\xa0\x2a\x08\x00data", 22},
		"a service tag":      {auxdata(vlanValid|vlanTPIDValid, 18, 100, 0x88a8), plain, "ddddddssssss\x88\xa8\x00\x64\x08\x00data", 22},
		"of a longer one":    {auxdata(vlanValid, 9000, 1, 0), plain, "ddddddssssss\x81\x00\x00\x01\x08\x00data", 9004},
		"of half an address": {auxdata(vlanValid, 5, 1, 0), "ddddd", "ddddd", 5},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver()
			n := copy(r.buffer[tagLength:], tt.frame)
			f := frame{data: r.buffer[tagLength : tagLength+n], length: n}
			r.heed(&f, tt.aux)
			if string(f.data) != tt.want || f.length != tt.length {
				t.Errorf("%q of %d bytes, want %q of %d", f.data, f.length, tt.want, tt.length)
			}
		})
	}
}
