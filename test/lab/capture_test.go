package lab

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket/pcapgo"
	"golang.org/x/sys/unix"
)

// One lab serves all: each closes what it opened.
func TestCapture(t *testing.T) {
	l := plain(t)
	t.Run("both ends of the bare wire are equal", func(t *testing.T) { testBothEndsOfTheBareWireAreEqual(t, l) })
	t.Run("direction means the same everywhere", func(t *testing.T) { testDirectionMeansTheSameEverywhere(t, l) })
	t.Run("injected frames cross unchanged", func(t *testing.T) { testInjectedFramesCrossUnchanged(t, l) })
	t.Run("errors", func(t *testing.T) { testCaptureErrors(t, l) })
	t.Run("lost frames", func(t *testing.T) { testCaptureTellsOfLostFrames(t, l) })
	t.Run("UDP", func(t *testing.T) { testUDPAcross(t, l) })
}

// fetch gets a path and returns when the server has seen the end too.
func fetch(t *testing.T, from *Node, server, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, err := from.Dial(ctx, "tcp", "", server)
	must(t, err)
	defer conn.Close()
	if _, err := Get(path)(ctx, conn); err != nil {
		t.Fatalf("%s from %s: %v", path, from.Name, err)
	}
}

// closed says that both ends of every connection in the frames have sent FIN.
func closed(connections int) func([]Frame) bool {
	return func(frames []Frame) bool {
		return len(Tuples(Select(frames, WithFlags(FIN)))) >= 2*connections
	}
}

func testBothEndsOfTheBareWireAreEqual(t *testing.T, l *Lab) {
	for _, s := range []*Node{l.S1, l.S2} {
		o, err := s.HTTPOrigin(":80")
		must(t, err)
		defer o.Close()
	}
	lan, err := l.LANSwitch.Capture("box", TCP(80))
	must(t, err)
	wan, err := l.WANSwitch.Capture("box", TCP(80))
	must(t, err)
	type exchange struct {
		from   *Node
		server string
	}
	exchanges := []exchange{
		{l.C1, "10.77.0.101:80"}, {l.C2, "10.80.0.2:80"}, {l.C3, "10.81.0.2:80"}, {l.C4, "10.81.0.2:80"},
		{l.C1, "[fd77::101]:80"}, {l.C4, "[fd80::2]:80"}, {l.C2, "[fd81::2]:80"},
	}
	for _, e := range exchanges {
		fetch(t, e.from, e.server, "/bytes/200000")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	must(t, lan.WaitFor(ctx, closed(len(exchanges))))
	must(t, wan.WaitFor(ctx, closed(len(exchanges))))
	a, err := lan.Stop()
	must(t, err)
	b, err := wan.Stop()
	must(t, err)
	if d := Diff(Tuples(a), Tuples(b)); d != "" {
		t.Errorf("tuples differ:\n%s", d)
	}
	if d := Diff(Headers(a), Headers(b)); d != "" {
		t.Errorf("headers differ:\n%s", d)
	}
	if got, want := len(Tuples(a)), 2*len(exchanges); got != want {
		t.Errorf("%d tuples on the wire, want %d: one a direction and connection", got, want)
	}
	// Each frame once: one SYN and one SYN-ACK a connection.
	if got, want := len(Select(a, WithFlags(SYN))), 2*len(exchanges); got != want {
		t.Errorf("%d frames with SYN, want %d", got, want)
	}
	// And each byte once, in both captures.
	for _, frames := range [][]Frame{a, b} {
		if got := len(bodyBytes(frames)); got < 7*200000 || got > 7*202000 {
			t.Errorf("%d bytes went to clients, want 7 bodies of 200000 and their heads", got)
		}
	}
	for _, f := range slices.Concat(a, b) {
		if f.Err != nil || f.Time.Before(time.Now().Add(-time.Minute)) {
			t.Errorf("%s: error %v", f, f.Err)
		}
	}
}

func bodyBytes(frames []Frame) (all []byte) {
	for _, f := range Select(frames, Toward(ToClients)) {
		all = append(all, f.Payload...)
	}
	return all
}

func testDirectionMeansTheSameEverywhere(t *testing.T, l *Lab) {
	o, err := l.S2.HTTPOrigin(":80")
	must(t, err)
	defer o.Close()
	places := []struct {
		node  *Node
		iface string
	}{
		{l.C4, "eth0"}, {l.CR, "eth1"}, {l.CR, "eth0"}, {l.LANSwitch, "cr"}, {l.LANSwitch, "box"}, {l.Box, "eth0"}, {l.Box, "eth1"},
		{l.WANSwitch, "box"}, {l.WANSwitch, "r1"}, {l.R1, "eth0"}, {l.R1, "net0"}, {l.R1, "s2"}, {l.S2, "eth0"},
	}
	var captures []*Capture
	for _, p := range places {
		c, err := p.node.Capture(p.iface, TCP(80), WithFlags(SYN))
		must(t, err)
		captures = append(captures, c)
	}
	fetch(t, l.C4, "10.80.0.2:80", "/bytes/10")
	for i, c := range captures {
		frames, err := c.Stop()
		must(t, err)
		where := places[i].node.Name + "/" + places[i].iface
		if len(frames) != 2 {
			t.Errorf("%s: %d frames with SYN, want 2: %v", where, len(frames), frames)
			continue
		}
		for _, f := range frames {
			want := ToServers
			if f.Flags&ACK != 0 {
				want = ToClients
			}
			if f.Toward != want {
				t.Errorf("%s: %s, want %s", where, f, want)
			}
		}
	}
}

// stranger is the source of injected frames: no interface of the lab has it.
const stranger = "02:77:00:00:00:99"

// ethernet builds a frame from the stranger.
func ethernet(dst string, rest ...any) []byte {
	var b bytes.Buffer
	for _, s := range []string{dst, stranger} {
		m, err := ParseMAC(s)
		if err != nil {
			panic(err)
		}
		b.Write(m[:])
	}
	for _, r := range rest {
		if err := binary.Write(&b, binary.BigEndian, r); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func testInjectedFramesCrossUnchanged(t *testing.T, l *Lab) {
	pad := bytes.Repeat([]byte{0xa5}, 60)
	frames := map[string][]byte{
		"LLDP":     ethernet("01:80:c2:00:00:0e", uint16(0x88cc), pad),
		"802.1X":   ethernet("01:80:c2:00:00:03", uint16(0x888e), pad),
		"BPDU":     ethernet("01:80:c2:00:00:00", uint16(38), []byte{0x42, 0x42, 3}, pad),
		"VLAN 7":   ethernet("ff:ff:ff:ff:ff:ff", uint16(0x8100), uint16(0x2007), uint16(0x9999), pad),
		"own type": ethernet("ff:ff:ff:ff:ff:ff", uint16(0x9998), pad),
	}
	src, err := ParseMAC(stranger)
	must(t, err)
	capture, err := l.WANSwitch.Capture("box", func(f Frame) bool { return f.SrcMAC == src })
	must(t, err)
	for name, frame := range frames {
		if err := l.LANSwitch.Inject("box", frame); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	must(t, capture.WaitFor(ctx, func(got []Frame) bool { return len(got) >= len(frames) }))
	got, err := capture.Stop()
	must(t, err)
	for name, frame := range frames {
		n := 0
		for _, f := range got {
			if bytes.Equal(f.Data, frame) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s came %d times, want once, as it was sent; captured: %v", name, n, got)
		}
	}
	tagged := Select(got, EtherType(0x9999))
	if len(tagged) != 1 || tagged[0].VLAN != 7 {
		t.Errorf("tagged frame decoded as %v", tagged)
	}
}

func TestCaptureSavesPcap(t *testing.T) {
	l := plain(t)
	o, err := l.S1.HTTPOrigin(":80")
	must(t, err)
	defer o.Close()
	capture, err := l.C1.Capture("eth0", TCP(80))
	must(t, err)
	fetch(t, l.C1, "10.77.0.101:80", "/bytes/3000")
	frames, err := capture.Stop()
	must(t, err)
	dir := t.TempDir()
	paths, err := l.SaveCaptures(dir)
	must(t, err)
	if want := filepath.Join(dir, "01-c1-eth0.pcap"); len(paths) != 1 || paths[0] != want {
		t.Fatalf("saved %v, want %s", paths, want)
	}
	f, err := os.Open(paths[0])
	must(t, err)
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	must(t, err)
	for i, frame := range frames {
		data, info, err := r.ReadPacketData()
		must(t, err)
		if !bytes.Equal(data, frame.Data) || !info.Timestamp.Equal(frame.Time) {
			t.Errorf("frame %d differs in the file", i)
		}
	}
	if _, _, err := r.ReadPacketData(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last frame: %v, want EOF", err)
	}
}

func testCaptureErrors(t *testing.T, l *Lab) {
	if _, err := l.C1.Capture("eth7"); err == nil {
		t.Error("capture at an interface that is not there succeeded")
	}
	capture, err := l.C1.Capture("eth0")
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	never := func([]Frame) bool { return false }
	if err := capture.WaitFor(ctx, never); !errors.Is(err, context.Canceled) {
		t.Errorf("wait with a cancelled context: %v", err)
	}
	_, err = capture.Stop()
	must(t, err)
	if err := capture.WaitFor(t.Context(), never); err == nil {
		t.Error("wait on a stopped capture succeeded")
	}
	_, err = capture.Stop()
	must(t, err)
}

// A capture that overflowed must say so: make the socket's buffer tiny and
// keep the reader from its work by a filter that waits.
func testCaptureTellsOfLostFrames(t *testing.T, l *Lab) {
	hold := make(chan struct{})
	capture, err := l.C1.Capture("eth0", func(Frame) bool { <-hold; return true })
	must(t, err)
	raw, err := capture.file.SyscallConn()
	must(t, err)
	must(t, raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 1)
	}))
	must(t, err)
	frame := ethernet("ff:ff:ff:ff:ff:ff", uint16(0x9998), make([]byte, 1000))
	must(t, l.C1.Inject("eth0", slices.Repeat([][]byte{frame}, 200)...))
	close(hold)
	if frames, err := capture.Stop(); err == nil {
		t.Errorf("200 frames sent, %d captured, and no error", len(frames))
	}
}

func TestDiff(t *testing.T) {
	f := Frame{
		Toward: ToServers, SrcMAC: macOf(77, 11), DstMAC: macOf(77, 1), EtherType: 0x0800, Protocol: 6, TTL: 64,
		Src: netip.MustParseAddr("10.77.0.11"), SrcPort: 4000, Dst: netip.MustParseAddr("10.80.0.2"), DstPort: 80,
	}
	twice := []Frame{f, f}
	if d := Diff(Tuples(twice), Tuples([]Frame{f})); d != "" {
		t.Errorf("how often a tuple was seen made a difference:\n%s", d)
	}
	changes := map[string]func(*Frame){
		"direction":   func(f *Frame) { f.Toward = ToClients },
		"source MAC":  func(f *Frame) { f.SrcMAC[5]++ },
		"target MAC":  func(f *Frame) { f.DstMAC[5]++ },
		"VLAN":        func(f *Frame) { f.VLAN = 7 },
		"source port": func(f *Frame) { f.SrcPort++ },
		"target port": func(f *Frame) { f.DstPort++ },
		"source":      func(f *Frame) { f.Src = f.Src.Next() },
		"target":      func(f *Frame) { f.Dst = f.Dst.Next() },
		"protocol":    func(f *Frame) { f.Protocol = 17 },
	}
	for name, change := range changes {
		g := f
		change(&g)
		if Diff(Tuples(twice), Tuples([]Frame{f, g})) == "" || Diff(Tuples([]Frame{f, g}), Tuples(twice)) == "" {
			t.Errorf("%s made no difference", name)
		}
	}
	g := f
	g.TTL--
	if Diff(Tuples([]Frame{f}), Tuples([]Frame{g})) != "" {
		t.Error("TTL is not part of a tuple")
	}
	if Diff(Headers([]Frame{f}), Headers([]Frame{g})) == "" {
		t.Error("TTL is part of a header")
	}
}

func testUDPAcross(t *testing.T, l *Lab) {
	server, err := l.S1.ListenUDP(t.Context(), "udp", "10.77.0.101:53")
	must(t, err)
	defer server.Close()
	client, err := l.C1.ListenUDP(t.Context(), "udp", "10.77.0.11:5353")
	must(t, err)
	defer client.Close()
	capture, err := l.LANSwitch.Capture("box", UDP(53))
	must(t, err)
	_, err = client.WriteTo([]byte("question"), net.UDPAddrFromAddrPort(netip.MustParseAddrPort("10.77.0.101:53")))
	must(t, err)
	buf := make([]byte, 100)
	must(t, server.SetReadDeadline(time.Now().Add(5*time.Second)))
	n, from, err := server.ReadFromUDPAddrPort(buf)
	must(t, err)
	if string(buf[:n]) != "question" || from != netip.MustParseAddrPort("10.77.0.11:5353") {
		t.Errorf("got %q from %s", buf[:n], from)
	}
	frames, err := capture.Stop()
	must(t, err)
	if len(frames) != 1 || string(frames[0].Payload) != "question" {
		t.Errorf("captured %v", frames)
	}
}
