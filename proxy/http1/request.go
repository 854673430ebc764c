package http1

import (
	"bytes"
	"net/netip"
	"unsafe"
)

const versionLen = len("HTTP/1.1")

// requestStart reads up to the end of the request line.
func (p *Parser) requestStart(b []byte, limits *Limits) Reason {
	if p.stage == atStart {
		if len(b) == 0 {
			return More
		}
		switch b[0] {
		case '\r':
			if len(b) == 1 {
				return More
			}
			if b[1] != '\n' {
				return BareCR
			}
			p.line, p.scanned = 2, 2
		case 0x16:
			return TLS // content type handshake (RFC 8446, 5.1)
		}
		p.stage = inMethod
	}
	if p.stage == inMethod {
		if reason := p.methodToken(b); reason != OK {
			return reason
		}
		p.stage = inFirst
	}
	if p.stage == inFirst {
		start := p.line
		line, reason := p.nextLine(b, limits)
		if reason != OK {
			return reason
		}
		if reason := p.request.line(line, start); reason != OK {
			return reason
		}
		p.stage = inFields
	}
	return OK
}

// methodToken checks the method byte by byte, so that what is not HTTP is
// known before its line ends, if it ever does.
func (p *Parser) methodToken(b []byte) Reason {
	for i := p.scanned; i < len(b); i++ {
		c := b[i]
		switch {
		case classes[c]&token != 0:
			if i-p.line >= methodLimit {
				return BadMethod
			}
		case c == ' ' && i > p.line:
			p.scanned = i
			return OK
		case c < 0x20 && c != '\r' && c != '\t':
			return controlReason(c)
		case c == '\r' && i > p.line:
			p.scanned = i // a word on a line: HTTP/0.9 has at least two
			return OK
		default:
			return BadMethod
		}
	}
	p.scanned = len(b)
	return More
}

// line reads a request line (RFC 9112, 3); offset is where it begins.
func (r *Request) line(line []byte, offset int) Reason {
	space := bytes.IndexByte(line, ' ')
	if space < 0 {
		return NoVersion
	}
	rest := line[space+1:]
	if last := bytes.LastIndexByte(rest, ' '); last < 0 {
		return NoVersion
	} else if reason := version(rest[last+1:], &r.Minor); reason != OK {
		if string(line) == "PRI * HTTP/2.0" {
			return Preface
		}
		return reason
	}
	var reason Reason
	if r.Method, reason = method(line[:space]); reason != OK {
		return reason
	}
	uri := rest[:len(rest)-versionLen-1]
	r.MethodName = Span{uint32(offset), uint32(offset + space)}
	r.Target = Span{uint32(offset + space + 1), uint32(offset + space + 1 + len(uri))}
	return r.form(uri)
}

// version reads HTTP-version (RFC 9112, 2.3).
func version(b []byte, minor *uint8) Reason {
	switch string(b) {
	case "HTTP/1.1":
		*minor = 1
	case "HTTP/1.0":
		*minor = 0
	default:
		return BadVersion
	}
	return OK
}

// form finds the form of a target (RFC 9112, 3.2). What is inside a path or
// query is the server's business.
func (r *Request) form(uri []byte) Reason {
	if len(uri) == 0 || !all(uri, target) {
		return BadTarget
	}
	switch {
	case r.Method == CONNECT:
		r.Form = AuthorityForm
		// Both parts must be there (RFC 9110, 9.3.6).
		colon := bytes.LastIndexByte(uri, ':')
		if colon < 1 || colon == len(uri)-1 || !digits(uri[colon+1:]) || !validHost(uri) {
			return BadTarget
		}
	case uri[0] == '/':
		r.Form = OriginForm
	case string(uri) == "*" && r.Method == OPTIONS:
		r.Form = AsteriskForm
	default:
		r.Form = AbsoluteForm
		if authority(uri) == nil {
			return BadTarget
		}
	}
	return OK
}

// authority returns the authority of an absolute http URI, nil if there is
// none or it carries user information (RFC 9110, 4.2.4).
func authority(uri []byte) []byte {
	const scheme = "http://"
	if len(uri) <= len(scheme) || !same(uri[:len(scheme)], scheme) {
		return nil
	}
	rest := uri[len(scheme):]
	if end := bytes.IndexAny(rest, "/?"); end >= 0 {
		rest = rest[:end]
	}
	if len(rest) == 0 || !validHost(rest) {
		return nil
	}
	return rest
}

// field takes one field of a request, whose value is at the given offset.
func (r *Request) field(name, value []byte, at int) Reason {
	switch len(name) {
	case len("host"):
		if same(name, "host") {
			if r.Flags&hasHost != 0 {
				return SeveralHosts
			}
			if !validHost(value) {
				return BadHost
			}
			r.Flags |= hasHost
			r.Host = spanAt(at, value)
			return OK
		}
	case len("user-agent"):
		if r.UserAgent.Start == 0 && same(name, "user-agent") {
			r.UserAgent = spanAt(at, value)
			return OK
		}
	case len("expect"):
		if same(name, "expect") && same(value, "100-continue") {
			r.Flags |= Expect100
			return OK
		}
	}
	return framingField(name, value, &r.Flags, &r.ContentLength)
}

// check is what can be said only when the whole head is known.
func (r *Request) check(b []byte) Reason {
	if reason := checkFraming(r.Minor, r.Flags); reason != OK {
		return reason
	}
	// RFC 9110, 9.3.6: what is behind it is for the tunnel, or it is content to
	// who reads it so. A length of 0 changes nothing.
	if r.Method == CONNECT && (r.Flags&hasCoding != 0 || r.ContentLength > 0) {
		return ForbiddenFraming
	}
	if r.Flags&hasHost == 0 {
		// HTTP/1.0 did not have the field yet.
		if r.Minor > 0 {
			return NoHost
		}
		return OK
	}
	if !r.agrees(r.Target.Of(b), r.Host.Of(b)) {
		return HostMismatch
	}
	return OK
}

// agrees reports whether Host says the same as the authority in the target, if
// there is one there (RFC 9112, 3.2).
func (r *Request) agrees(target, host []byte) bool {
	switch r.Form {
	case AbsoluteForm:
		return sameAuthority(authority(target), host)
	case AuthorityForm:
		return equalHost(target, host) || equalHost(withoutPort(target), bytes.TrimSuffix(host, []byte(":")))
	case OriginForm, AsteriskForm:
	}
	return true
}

// withoutPort takes the port off a CONNECT's target where it is one that many
// clients leave out of Host: it is what an https or http URI has by default.
func withoutPort(target []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(target, []byte(":443")), []byte(":80"))
}

// validHost checks uri-host [ ":" port ] (RFC 9110, 7.2). An empty one is
// valid: it is what a target without authority gets. One with an escape (RFC 3986,
// 3.2.2) is not: it is another name to some recipients, and nobody sends one.
func validHost(b []byte) bool {
	if !all(b, host) {
		return false
	}
	rest := b
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 {
			return false
		}
		if !literal(b[1:end]) {
			return false
		}
		rest = b[end+1:]
		if len(rest) > 0 && rest[0] != ':' {
			return false
		}
	}
	if bytes.ContainsAny(rest, "[]") {
		return false
	}
	colon := bytes.IndexByte(rest, ':')
	return colon < 0 || digits(rest[colon+1:])
}

// literal reports whether b, what stands between the brackets, is an IPv6 address (RFC
// 3986, 3.2.2). A zone has no meaning to anybody but its host (RFC 6874, 4), and of
// IPvFuture there is none.
func literal(b []byte) bool {
	for _, c := range b {
		if !isHex(c) && c != ':' && c != '.' {
			return false
		}
	}
	// A string of the same bytes, which no address without a zone keeps: nothing is allocated.
	address, err := netip.ParseAddr(unsafe.String(unsafe.SliceData(b), len(b)))
	return err == nil && address.Is6()
}

// digits reports whether b is a port (RFC 3986, 3.2.3), which may be empty.
func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// sameAuthority compares two authorities without regard to case and to the
// default port.
func sameAuthority(a, b []byte) bool {
	a, b = bytes.TrimSuffix(a, []byte(":80")), bytes.TrimSuffix(b, []byte(":80"))
	a, b = bytes.TrimSuffix(a, []byte(":")), bytes.TrimSuffix(b, []byte(":"))
	return equalHost(a, b)
}

// equalHost compares two authorities without regard to case.
func equalHost(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= lower(c) && lower(c) <= 'f'
}
