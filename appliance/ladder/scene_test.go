package ladder

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

var (
	clientEnd = netip.MustParseAddrPort("192.0.2.1:40000")
	serverEnd = netip.MustParseAddrPort("198.51.100.2:80")
	clientMAC = [6]byte{2, 0, 0, 0, 0, 1}
	serverMAC = [6]byte{2, 0, 0, 0, 0, 2}
	boxMAC    = [6]byte{2, 0, 0, 0, 0, 9}
)

const (
	syn    = flagSYN
	synACK = flagSYN | flagACK
	ack    = flagACK
	push   = flagPSH | flagACK
	finACK = flagFIN | flagACK
	reset  = flagRST | flagACK
)

// spot is a place, and whether a frame left there.
type spot struct {
	place control.Place
	out   bool
}

var (
	clientIn  = spot{control.AtClient, false}
	clientOut = spot{control.AtClient, true}
	loopIn    = spot{control.AtLoop, false}
	loopOut   = spot{control.AtLoop, true}
	serverIn  = spot{control.AtServer, false}
	serverOut = spot{control.AtServer, true}
)

// packet is what a test puts into a frame.
type packet struct {
	from, to netip.AddrPort
	flags    uint8
	seq, ack uint32
	payload  string
	ttl      uint8
	vlan     uint16
	macs     [2][6]byte // from, to; zero: those of the ends
}

// bytes builds the frame by hand.
func (p packet) bytes() []byte {
	if p.macs == ([2][6]byte{}) {
		p.macs = [2][6]byte{clientMAC, serverMAC}
		if p.from.Port() == 80 {
			p.macs = [2][6]byte{serverMAC, clientMAC}
		}
	}
	b := slices.Concat(p.macs[1][:], p.macs[0][:])
	if p.vlan != 0 {
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, etherTag), p.vlan|3<<13)
	}
	tcp := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, p.from.Port()), p.to.Port())
	tcp = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(tcp, p.seq), p.ack)
	tcp = append(tcp, 6<<4, p.flags, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1) // with four bytes of options
	tcp = append(tcp, p.payload...)
	from, to := p.from.Addr().AsSlice(), p.to.Addr().AsSlice()
	if p.from.Addr().Is4() {
		b = append(binary.BigEndian.AppendUint16(b, etherIPv4), 0x45, 0)
		b = append(binary.BigEndian.AppendUint16(b, uint16(20+len(tcp))), 0, 1, 0x40, 0, p.ttl, protoTCP, 0, 0)
	} else {
		b = append(binary.BigEndian.AppendUint16(b, etherIPv6), 0x60, 0, 0, 0)
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(tcp))), protoTCP, p.ttl)
	}
	b = slices.Concat(b, from, to, tcp)
	return append(b, make([]byte, max(0, 60-len(b)))...) // padding
}

// scene is a connection that is played to a follower.
type scene struct {
	t        *testing.T
	f        *Follower
	now      time.Time
	settings Settings
}

var begun = time.Unix(1700000000, 0)

func play(t *testing.T, change ...func(*Settings)) *scene {
	t.Helper()
	s := Settings{Ports: []uint16{80}, For: 10 * time.Second, KeepPort: true, KeepAddress: true, Own: []netip.Addr{netip.MustParseAddr("192.0.2.9")}}
	for _, c := range change {
		c(&s)
	}
	return &scene{t: t, f: NewFollower(s, begun), now: begun, settings: s}
}

// see shows a frame at one place after the other, 10 µs apart.
func (s *scene) see(p packet, at ...spot) {
	s.t.Helper()
	if p.ttl == 0 {
		p.ttl = 64
	}
	data := p.bytes()
	for _, where := range at {
		s.now = s.now.Add(10 * time.Microsecond)
		device := map[control.Place]string{control.AtClient: "eth0", control.AtServer: "eth1", control.AtLoop: "br0"}[where.place]
		s.f.Take(Frame{Data: data, Length: len(data), Place: where.place, Device: device, Out: where.out, At: s.now}, s.now)
	}
}

func (s *scene) pass(d time.Duration) { s.now = s.now.Add(d) }

// Sequence numbers of the four directions begin near the end of the numbers, so that
// they wrap.
const (
	clientISN = 0xfffffff0 // of the client
	replyISN  = 7000       // of the box, towards the client
	askISN    = 0xffffffff // of the box, towards the server
	serverISN = 123        // of the server
)

const (
	requestHead  = "GET /secret/path?token=hidden HTTP/1.1\r\nHost: x\r\nCookie: hidden=1\r\n\r\n"
	responseHead = "HTTP/1.1 200 OK\r\nSet-Cookie: hidden=2\r\nContent-Length: 5\r\n\r\nhello"
)

// toServer and toClient are segments of the leg towards the server, and of the other one.
func fromClient(flags uint8, seq, acked uint32, payload string) packet {
	return packet{from: clientEnd, to: serverEnd, flags: flags, seq: clientISN + seq, ack: replyISN + acked, payload: payload}
}

func toClient(flags uint8, seq, acked uint32, payload string) packet {
	return packet{from: serverEnd, to: clientEnd, flags: flags, seq: replyISN + seq, ack: clientISN + acked, payload: payload}
}

func toServer(flags uint8, seq, acked uint32, payload string) packet {
	return packet{from: clientEnd, to: serverEnd, flags: flags, seq: uint32(askISN) + seq, ack: serverISN + acked, payload: payload}
}

func fromServer(flags uint8, seq, acked uint32, payload string) packet {
	return packet{from: serverEnd, to: clientEnd, flags: flags, seq: serverISN + seq, ack: uint32(askISN) + acked, payload: payload}
}

// handshake is one that is accepted, and asked for at the server.
func (s *scene) handshake() {
	s.t.Helper()
	s.see(fromClient(syn, 0, 0, ""), clientIn, loopIn)
	s.see(toClient(synACK, 0, 1, ""), loopOut, clientOut)
	s.see(fromClient(ack, 1, 1, ""), clientIn, loopIn)
	s.see(toServer(syn, 0, 0, ""), loopOut, serverOut)
	s.see(fromServer(synACK, 0, 1, ""), serverIn, loopIn)
	s.see(toServer(ack, 1, 1, ""), loopOut, serverOut)
}

func (s *scene) exchange() {
	s.t.Helper()
	n, m := uint32(len(requestHead)), uint32(len(responseHead))
	s.see(fromClient(push, 1, 1, requestHead), clientIn, loopIn)
	s.see(toServer(push, 1, 1, requestHead), loopOut, serverOut)
	s.see(fromServer(push, 1, n+1, responseHead), serverIn, loopIn)
	s.see(toClient(push, 1, n+1, responseHead), loopOut, clientOut)
	s.see(fromClient(ack, n+1, m+1, ""), clientIn, loopIn)
}

func (s *scene) close() {
	s.t.Helper()
	n, m := uint32(len(requestHead)), uint32(len(responseHead))
	s.see(fromClient(finACK, n+1, m+1, ""), clientIn, loopIn)
	s.see(toServer(finACK, n+1, m+1, ""), loopOut, serverOut)
	s.see(fromServer(finACK, m+1, n+2, ""), serverIn, loopIn)
	s.see(toClient(finACK, m+1, n+2, ""), loopOut, clientOut)
	s.see(fromClient(ack, n+2, m+2, ""), clientIn, loopIn)
	s.see(toServer(ack, n+2, m+2, ""), loopOut, serverOut)
}

// texts are the findings in lines, each with its verdict.
func texts(steps []control.LadderStep) string {
	var b strings.Builder
	for _, s := range steps {
		b.WriteString(string(s.Verdict) + " " + s.Text + "\n")
	}
	return b.String()
}
