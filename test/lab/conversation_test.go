package lab

import (
	"net/netip"
	"testing"
)

// segment is a frame of a made-up connection of 10.0.0.1:1000 to 10.0.0.2:80.
func segment(toward Direction, flags TCPFlags, seq uint32, payload string) Frame {
	f := Frame{
		Toward: toward, Flags: flags, Seq: seq, Payload: []byte(payload),
		Src: netip.MustParseAddr("10.0.0.1"), SrcPort: 1000, Dst: netip.MustParseAddr("10.0.0.2"), DstPort: 80,
	}
	if toward == ToClients {
		f.Src, f.Dst, f.SrcPort, f.DstPort = f.Dst, f.Src, f.DstPort, f.SrcPort
	}
	return f
}

func TestConversations(t *testing.T) {
	const wrap = 0xfffffffe // the numbers wrap within the data
	frames := []Frame{
		segment(ToClients, ACK, 7, "of a connection that began before"),
		segment(ToServers, SYN, wrap, ""),
		segment(ToServers, SYN, wrap, ""),
		segment(ToClients, SYN|ACK, 99, ""),
		segment(ToServers, ACK, wrap, "k"), // keepalive
		segment(ToServers, ACK, 2, "def"),
		segment(ToServers, ACK, wrap+1, "abcd"),
		segment(ToServers, ACK, wrap+1, "abc"),
		segment(ToServers, ACK|FIN, 5, ""),
		segment(ToClients, ACK, 100, "answer"),
		segment(ToClients, ACK|FIN, 106, ""),
	}
	// "abcd" is at wrap+1..2, so "def" begins with the byte that it ends with.
	if AllEnded(frames[:10]) || !AllEnded(frames) {
		t.Error("ended before the server's FIN, or not with it")
	}
	all, err := Conversations(frames)
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%d conversations, want 1: %v", len(all), all)
	}
	if c := all[0]; string(c.Up.Data) != "abcdef" || string(c.Down.Data) != "answer" || !c.Up.FIN || !c.Down.FIN || !c.Ended() {
		t.Errorf("%v: up %q down %q", c, c.Up.Data, c.Down.Data)
	}
	again := append(frames, segment(ToServers, SYN, 500, ""), segment(ToClients, RST|ACK, 0, ""))
	if all, err = Conversations(again); err != nil || len(all) != 2 || !all[1].Down.RST {
		t.Errorf("the port used again: %v %v", all, err)
	}
	if all, err := Conversations(append(frames, segment(ToClients, ACK, 107, "x"))); err == nil && len(all[0].Down.Data) == 6 {
		t.Error("a hole was not noticed")
	}
	if _, err := Conversations(append(frames, segment(ToClients, ACK, 100, "ANSWER"))); err == nil {
		t.Error("bytes that changed when sent again were not noticed")
	}
}
