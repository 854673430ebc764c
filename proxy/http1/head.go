package http1

// Span is a part of a head: its offsets from the head's first byte.
type Span struct{ Start, End uint32 }

// Of returns the bytes of the span in the head it was read from.
func (s Span) Of(head []byte) []byte { return head[s.Start:s.End] }

// spanAt is the span of value, which begins at the given offset.
func spanAt(at int, value []byte) Span { return Span{uint32(at), uint32(at + len(value))} }

// Len is the length of the span in bytes.
func (s Span) Len() int { return int(s.End - s.Start) }

// Flags are properties of a head.
type Flags uint16

// Flags.
const (
	Close        Flags = 1 << iota // Connection: close
	KeepAlive                      // Connection: keep-alive
	Upgrade                        // an Upgrade field, listed in Connection or not
	Expect100                      // Expect: 100-continue
	hasLength                      // Content-Length
	paddedLength                   // Content-Length with a zero before its number
	hasCoding                      // Transfer-Encoding: chunked
	hasHost                        // Host
)

// Request is what a request's head says.
type Request struct {
	Length        int   // bytes of the head, its empty line included
	ContentLength int64 // bytes, 0 without Content-Length
	Target        Span
	Host          Span // the value of Host, empty without
	UserAgent     Span // the value of the first User-Agent, empty without
	MethodName    Span
	Method        Method
	Form          Form
	Minor         uint8 // of HTTP/1.x
	Flags         Flags
}

// Response is what a response's head says.
type Response struct {
	Length        int   // bytes of the head, its empty line included
	ContentLength int64 // bytes, 0 without Content-Length
	ContentType   Span  // the value of the first Content-Type, empty without
	Status        uint16
	Minor         uint8 // of HTTP/1.x
	Flags         Flags
}

// Form is the form of a request's target (RFC 9112, 3.2).
type Form uint8

// Forms.
const (
	OriginForm Form = iota
	AbsoluteForm
	AuthorityForm
	AsteriskForm
)

// Persistent reports whether the sender of r means to go on after the response
// (RFC 9112, 9.3).
func (r *Request) Persistent() bool { return persistent(r.Minor, r.Flags) }

// Persistent reports whether the sender of r means to go on after it.
func (r *Response) Persistent() bool { return persistent(r.Minor, r.Flags) }

func persistent(minor uint8, f Flags) bool {
	return f&Close == 0 && (minor >= 1 || f&KeepAlive != 0)
}
