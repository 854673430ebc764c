package accesslog

import (
	"encoding/binary"
	"net/netip"
	"unsafe"
)

// A packed record is a head of fixed length and the texts behind it. It never
// leaves the process.
const (
	atLength   = 0 // uint32, of the whole record
	atVerdict  = 4
	atFamilies = 5
	atCuts     = 6
	atStarted  = 8
	atFlow     = 16
	atRequest  = 24
	atResponse = 32
	atConnect  = 40
	atFirst    = 48
	atTotal    = 56
	atClient   = 64
	atServer   = 80
	atPorts    = 96 // client's, server's
	atVLAN     = 100
	atStatus   = 102
	atTexts    = 104 // six lengths, uint16
	atHeads    = 116
	headLen    = 124
)

const (
	client4 = 1 << iota // the client's address is IPv4
	server4
)

// maxPacked is the length of the longest packed record.
const maxPacked = headLen + MaxMethod + MaxHost + MaxTarget + MaxUserAgent + MaxContentType + MaxReason

// pack writes r to the begin of b, which has room for maxPacked bytes, and
// returns the length.
func (r *Record) pack(b []byte) int {
	_ = b[maxPacked-1]
	b[atVerdict] = byte(r.Verdict)
	families := byte(0)
	if r.Client.Addr().Is4() {
		families |= client4
	}
	if r.Server.Addr().Is4() {
		families |= server4
	}
	b[atFamilies] = families
	le := binary.LittleEndian
	le.PutUint64(b[atStarted:], uint64(r.Started))
	le.PutUint64(b[atFlow:], r.Flow)
	le.PutUint64(b[atRequest:], r.RequestBytes)
	le.PutUint64(b[atResponse:], r.ResponseBytes)
	le.PutUint64(b[atConnect:], uint64(r.Connect))
	le.PutUint64(b[atFirst:], uint64(r.FirstByte))
	le.PutUint64(b[atTotal:], uint64(r.Total))
	client, server := r.Client.Addr().As16(), r.Server.Addr().As16()
	copy(b[atClient:atClient+16], client[:])
	copy(b[atServer:atServer+16], server[:])
	le.PutUint16(b[atPorts:], r.Client.Port())
	le.PutUint16(b[atPorts+2:], r.Server.Port())
	le.PutUint64(b[atHeads:], r.HeadsID)
	le.PutUint16(b[atVLAN:], r.VLAN)
	le.PutUint16(b[atStatus:], r.Status)

	p := packing{b: b, n: headLen, cut: r.cut}
	p.text(0, r.Method, MaxMethod)
	p.text(1, r.Host, MaxHost)
	p.text(2, r.Target, MaxTarget)
	p.text(3, r.UserAgent, MaxUserAgent)
	p.text(4, r.ContentType, MaxContentType)
	p.text(5, unsafe.Slice(unsafe.StringData(r.Reason), len(r.Reason)), MaxReason)
	b[atCuts] = byte(p.cut)
	le.PutUint32(b[atLength:], uint32(p.n))
	return p.n
}

// packing is the part of a record that is written.
type packing struct {
	b   []byte
	n   int
	cut cuts
}

// text appends the text with the given number, at most limit bytes of it.
func (p *packing) text(number int, text []byte, limit int) {
	if len(text) > limit {
		text = text[:limit]
		p.cut |= 1 << number
	}
	p.n += copy(p.b[p.n:], text)
	binary.LittleEndian.PutUint16(p.b[atTexts+2*number:], uint16(len(text)))
}

// packedLen is the length of the packed record that b begins with.
func packedLen(b []byte) int { return int(binary.LittleEndian.Uint32(b[atLength:])) }

// unpack reads what pack wrote. The texts of r are part of b afterwards.
func (r *Record) unpack(b []byte) {
	le := binary.LittleEndian
	r.Verdict, r.cut = Verdict(b[atVerdict]), cuts(b[atCuts])
	r.Started = int64(le.Uint64(b[atStarted:]))
	r.Flow = le.Uint64(b[atFlow:])
	r.RequestBytes = le.Uint64(b[atRequest:])
	r.ResponseBytes = le.Uint64(b[atResponse:])
	r.Connect = int64(le.Uint64(b[atConnect:]))
	r.FirstByte = int64(le.Uint64(b[atFirst:]))
	r.Total = int64(le.Uint64(b[atTotal:]))
	client := netip.AddrFrom16([16]byte(b[atClient : atClient+16]))
	if b[atFamilies]&client4 != 0 {
		client = client.Unmap()
	}
	server := netip.AddrFrom16([16]byte(b[atServer : atServer+16]))
	if b[atFamilies]&server4 != 0 {
		server = server.Unmap()
	}
	r.Client = netip.AddrPortFrom(client, le.Uint16(b[atPorts:]))
	r.Server = netip.AddrPortFrom(server, le.Uint16(b[atPorts+2:]))
	r.HeadsID = le.Uint64(b[atHeads:])
	r.VLAN, r.Status = le.Uint16(b[atVLAN:]), le.Uint16(b[atStatus:])
	at := headLen
	next := func(number int) []byte {
		from := at
		at += int(le.Uint16(b[atTexts+2*number:]))
		return b[from:at:at]
	}
	r.Method, r.Host, r.Target, r.UserAgent, r.ContentType = next(0), next(1), next(2), next(3), next(4)
	reason := next(5)
	r.Reason = unsafe.String(unsafe.SliceData(reason), len(reason))
}
