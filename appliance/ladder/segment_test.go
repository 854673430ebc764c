package ladder

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

// TestBrokenFrames: whatever is cut off, it is no other segment, and nothing breaks.
func TestBrokenFrames(t *testing.T) {
	whole := packet{from: clientEnd, to: serverEnd, flags: push, seq: 1, payload: requestHead, vlan: 42, ttl: 64}.bytes()
	want, err := read(Frame{Data: whole, Length: len(whole)})
	if err != nil || want.length != len(requestHead) || want.vlan != 42 || want.ttl != 64 {
		t.Fatalf("%+v, %v", want, err)
	}
	const headers = 14 + 4 + 20 + 24
	for n := range len(whole) {
		s, err := read(Frame{Data: whole[:n], Length: len(whole)})
		switch {
		case n < headers-4 && err == nil:
			t.Errorf("%d bytes are read as %+v", n, s)
		case n >= headers && (err != nil || s.length != want.length || s.from != want.from):
			t.Errorf("%d bytes, the rest cut off: %+v, %v", n, s, err)
		}
	}
	for name, change := range map[string]func([]byte){
		"UDP":               func(b []byte) { b[14+4+9] = 17 },
		"later fragment":    func(b []byte) { b[14+4+7] = 1 },
		"other version":     func(b []byte) { b[14+4] = 0x55 },
		"short header":      func(b []byte) { b[14+4] = 0x44 },
		"long header":       func(b []byte) { b[14+4] = 0x4f; b[14+4+2], b[14+4+3] = 0, 60 },
		"short TCP header":  func(b []byte) { b[14+4+20+12] = 4 << 4 },
		"TCP header beyond": func(b []byte) { b[14+4+2], b[14+4+3] = 0, 40 },
		"ARP":               func(b []byte) { b[16], b[17] = 8, 6 },
		"three tags":        func(b []byte) { copy(b[16:], []byte{0x81, 0, 0, 1, 0x81, 0, 0, 2, 8, 0}) },
	} {
		b := bytes.Clone(whole)
		change(b)
		if s, err := read(Frame{Data: b, Length: len(b)}); err == nil {
			t.Errorf("%s is read as %+v", name, s)
		}
	}
}

// FuzzLadder takes anything for frames: a ladder comes of it, within its bounds, and as
// text it fits a terminal.
func FuzzLadder(f *testing.F) {
	const cut = "\xff\xfe"
	whole := [][]byte{}
	for _, p := range []packet{
		fromClient(syn, 0, 0, ""), toClient(synACK, 0, 1, ""), toServer(syn, 0, 0, ""), fromServer(synACK, 0, 1, ""),
		fromClient(push, 1, 1, requestHead), fromServer(push, 1, 72, responseHead), fromClient(finACK, 72, 65, ""), fromServer(reset, 65, 73, ""),
	} {
		whole = append(whole, p.bytes())
	}
	f.Add(bytes.Join(whole, []byte(cut)), byte(0), true)
	f.Add(bytes.Join(whole, []byte(cut)), byte(3), false)
	tagged := packet{from: clientEnd, to: serverEnd, flags: syn, vlan: 4095}.bytes()
	f.Add(tagged, byte(1), false)
	f.Add(append(bytes.Clone(tagged[:18]), 0x60), byte(2), true)
	places := []control.Place{control.AtClient, control.AtLoop, control.AtServer}
	f.Fuzz(func(t *testing.T, data []byte, way byte, keep bool) {
		s := Settings{Ports: []uint16{80}, For: time.Second, KeepPort: keep, KeepAddress: way&4 != 0}
		follower := NewFollower(s, begun)
		now := begun
		for i, frame := range bytes.Split(data, []byte(cut)) {
			for j := range 3 {
				now = now.Add(time.Duration(way) * time.Microsecond)
				follower.Take(Frame{Data: frame, Length: len(frame) + int(way), Place: places[(i*int(way)+j)%3], Device: "eth0", Out: j > 0, At: now}, now)
			}
			follower.Over(now)
		}
		r := follower.Result(uint64(way))
		if len(r.Rungs) > maxSegments || r.Frames > 0 && (r.Captured == "" || len(r.Findings) == 0) || r.Frames == 0 && len(r.Rungs) != 0 {
			t.Errorf("%+v", r)
		}
		for _, rung := range r.Rungs {
			if len(rung.Seen) == 0 || len(rung.Seen) > 3 || len(rung.Head) > maxHead || rung.Length < 0 {
				t.Errorf("%+v", rung)
			}
		}
		for line := range strings.Lines(Text(control.Ladder{LadderResult: r}, false)) {
			if len(strings.TrimSuffix(line, "\n")) > textWidth && strings.HasPrefix(strings.TrimLeft(line, " 0123456789.-"), "|") {
				t.Errorf("a line of %d columns: %q", len(line), line)
			}
			for i := range len(line) - 1 {
				if line[i] < ' ' || line[i] > '~' {
					t.Errorf("%q steers a terminal", line)
				}
			}
		}
	})
}
