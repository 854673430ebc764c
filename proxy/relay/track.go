package relay

import (
	"math"

	"limpid/proxy/http1"
)

// phase is the part of a message that comes next.
type phase uint8

const (
	inHead    phase = iota
	inLength        // left bytes of a body
	inChunked       // a chunked body
	toTheEnd        // everything until the connection ends
)

// track is where one direction stands in its message.
type track struct {
	left    int64 // inLength: bytes to come
	chunked http1.Chunked
	head    *partHead // nil unless a head is incomplete
	phase   phase
	unasked bool // the head began while no request waited for it
	closing bool // the message is the last one (RFC 9112, 9.6)
}

// body sets out on the body that follows a head.
func (t *track) body(f http1.Framing) {
	switch f.Kind {
	case http1.NoBody:
		t.phase = inHead
	case http1.Length:
		t.phase, t.left = inLength, f.Length
	case http1.Coded:
		t.phase, t.chunked = inChunked, http1.Chunked{}
	default:
		t.phase = toTheEnd
	}
}

// advance takes bytes of a body and returns how many belong to it, and a
// refusal if it is malformed there.
func (t *track) advance(b []byte) (n int, reason http1.Reason) {
	switch t.phase {
	case inLength:
		n = int(min(t.left, int64(len(b))))
		t.skip(int64(n))
		return n, http1.OK
	case inChunked:
		n, reason = t.chunked.Advance(b)
		if reason == http1.OK {
			t.phase = inHead
		}
		return n, reason
	case inHead, toTheEnd: // no framing to follow
	}
	return len(b), http1.OK
}

// within reports whether part of a message has come, and part has not.
func (t *track) within() bool { return t.phase != inHead || t.head != nil }

// unseen is how many bytes may pass without being shown. Bodies are looked at
// by nobody but for their framing.
func (t *track) unseen() int64 {
	switch t.phase {
	case inLength:
		return t.left
	case inChunked:
		return t.chunked.Unseen()
	case toTheEnd:
		return math.MaxInt64
	case inHead:
	}
	return 0
}

// skip says that n of the unseen bytes have passed.
func (t *track) skip(n int64) {
	switch t.phase {
	case inLength:
		if t.left -= n; t.left == 0 {
			t.phase = inHead
		}
	case inChunked:
		t.chunked.Skip(n)
	case inHead, toTheEnd: // nothing to count
	}
}
