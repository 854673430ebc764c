package http1

// Kind is how the end of a message's body is found.
type Kind uint8

// Kinds.
const (
	NoBody     Kind = iota // the message ends with its head
	Length                 // Framing.Length bytes follow
	Coded                  // a chunked body follows
	UntilClose             // the body ends with the connection
	ToTunnel               // what follows is no HTTP
)

// Framing is the framing of a message's body (RFC 9112, 6.3).
type Framing struct {
	Kind   Kind
	Length int64 // bytes, for Length only
}

// Framing is how the request's body is framed (RFC 9112, 6.3, rules 4 to 7).
func (r *Request) Framing() Framing {
	switch {
	case r.Flags&hasCoding != 0:
		return Framing{Kind: Coded}
	case r.ContentLength > 0:
		return Framing{Kind: Length, Length: r.ContentLength}
	}
	return Framing{}
}

// Interim reports whether another response to the same request follows
// (RFC 9110, 15.2). 101 is the last one in HTTP.
func (r *Response) Interim() bool { return r.Status < 200 && r.Status != 101 }

// Framing is how the body of the response to a request with the given method
// is framed (RFC 9112, 6.3).
func (r *Response) Framing(request Method) Framing {
	switch {
	case r.Status == 101, request == CONNECT && r.Status/100 == 2:
		return Framing{Kind: ToTunnel}
	case request == HEAD, r.Status < 200, r.Status == 204, r.Status == 304:
		return Framing{}
	case r.Flags&hasCoding != 0:
		return Framing{Kind: Coded}
	case r.ContentLength > 0:
		return Framing{Kind: Length, Length: r.ContentLength}
	case r.Flags&hasLength != 0:
		return Framing{}
	}
	return Framing{Kind: UntilClose}
}
