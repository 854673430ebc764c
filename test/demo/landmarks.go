package main

import (
	"bytes"
	"fmt"
	"net/netip"

	"limpid/test/lab"
)

// landmark is a segment that every request has. Only the first of its kind is
// shown: acknowledgements and retransmissions differ from run to run, and are
// compared with all the rest in checkEnds.
type landmark struct {
	name string
	is   func(lab.Frame) bool
}

// landmarks are in the order of a connection.
func landmarks() []landmark {
	handshake := func(flags lab.TCPFlags) func(lab.Frame) bool {
		return func(f lab.Frame) bool { return f.Flags&(lab.SYN|lab.ACK) == flags }
	}
	begins := func(way lab.Direction, text string) func(lab.Frame) bool {
		return func(f lab.Frame) bool { return f.Toward == way && bytes.HasPrefix(f.Payload, []byte(text)) }
	}
	return []landmark{
		{"SYN", handshake(lab.SYN)},
		{"SYN-ACK", handshake(lab.SYN | lab.ACK)},
		{"GET", begins(lab.ToServers, "GET ")},
		{"200 OK", begins(lab.ToClients, "HTTP/1.1 200 ")},
	}
}

// find returns the first frame that is the landmark.
func (m landmark) find(where string, frames []lab.Frame) (lab.Frame, error) {
	for _, f := range frames {
		if m.is(f) {
			return f, nil
		}
	}
	return lab.Frame{}, fmt.Errorf("find the %s on the %s side: not among its %d frames", m.name, where, len(frames))
}

// sideBySide is the table of an exchange's landmarks: where each came from and
// where it went, on the clients' side and on the servers'.
func (x *exchange) sideBySide() ([][]string, error) {
	// Two lines each: two MACs with addresses do not fit beside another two.
	rows := [][]string{{"", "clients' side of limpid", "servers' side of limpid"}}
	for _, m := range landmarks() {
		lan, err := m.find("clients'", x.lan)
		if err != nil {
			return nil, err
		}
		wan, err := m.find("servers'", x.wan)
		if err != nil {
			return nil, err
		}
		rows = append(rows,
			[]string{m.name, place(lan.SrcMAC, lan.Src, lan.SrcPort), place(wan.SrcMAC, wan.Src, wan.SrcPort)},
			[]string{"     to", place(lan.DstMAC, lan.Dst, lan.DstPort), place(wan.DstMAC, wan.Dst, wan.DstPort)})
	}
	return rows, nil
}

// place is where a frame came from or went to, at most 34 characters.
func place(mac lab.MAC, addr netip.Addr, port uint16) string {
	return fmt.Sprintf("%s %s", mac, netip.AddrPortFrom(addr, port))
}

// serverSequence is the first sequence number of the server's side of the
// connection, as each side of the box saw it: the same one if the connection
// was bridged, two if two connections made it up.
func (x *exchange) serverSequence() (lan, wan uint32, err error) {
	synAck := landmarks()[1]
	l, err := synAck.find("clients'", x.lan)
	if err != nil {
		return 0, 0, err
	}
	w, err := synAck.find("servers'", x.wan)
	return l.Seq, w.Seq, err
}
