package http1

// stage is the part of a head that a Parser is in.
type stage uint8

const (
	atStart  stage = iota // nothing read
	inMethod              // in a request's method
	inFirst               // in the rest of the first line
	inFields              // in the field lines
)

// Parser reads one head. Its zero value is ready; Reset readies it for the next.
// While it answers More it must be shown the same bytes again with more behind
// them; it does not look at a byte twice.
type Parser struct {
	request  Request
	response Response
	stage    stage
	fields   int // field lines read
	line     int // where the current line begins
	scanned  int // up to where it was checked
}

// Reset readies p for another head.
func (p *Parser) Reset() { *p = Parser{} }

// Request reads a request's head at the start of b. One empty line before it
// is taken as part of it (RFC 9112, 2.2).
func (p *Parser) Request(b []byte, limits *Limits) (Request, Reason) {
	view := b[:min(len(b), limits.Head)]
	reason := p.requestStart(view, limits)
	if reason == OK {
		reason = p.fieldLines(view, limits, true)
	}
	if reason == OK {
		reason = p.request.check(view)
	}
	if reason == More && len(view) == limits.Head {
		reason = HeadTooLarge
	}
	if reason != OK {
		return Request{}, reason
	}
	return p.request, OK
}

// Response reads a response's head at the start of b.
func (p *Parser) Response(b []byte, limits *Limits) (Response, Reason) {
	view := b[:min(len(b), limits.Head)]
	reason := p.responseStart(view, limits)
	if reason == OK {
		reason = p.fieldLines(view, limits, false)
	}
	if reason == OK {
		reason = p.response.check()
	}
	if reason == More && len(view) == limits.Head {
		reason = HeadTooLarge
	}
	if reason != OK {
		return Response{}, reason
	}
	return p.response, OK
}

// nextLine finds the CR LF that ends the line at p.line and moves p behind it.
// It lets no control character but HTAB through (RFC 9110, 5.5).
func (p *Parser) nextLine(b []byte, limits *Limits) (line []byte, reason Reason) {
	i := p.scanned
	i += plain(b[i:])
	for i < len(b) && (b[i] >= 0x20 && b[i] != 0x7f || b[i] == '\t') {
		i++
	}
	switch {
	case i-p.line > limits.Line:
		return nil, LineTooLong
	case i == len(b), b[i] == '\r' && i+1 == len(b):
		p.scanned = i
		return nil, More
	case b[i] != '\r':
		return nil, controlReason(b[i])
	case b[i+1] != '\n':
		return nil, BareCR
	}
	line = b[p.line:i]
	p.line, p.scanned = i+2, i+2
	return line, OK
}

func controlReason(c byte) Reason {
	switch c {
	case 0:
		return NUL
	case '\n':
		return BareLF
	case '\r':
		return BareCR
	}
	return Control
}

// fieldLines reads field lines until the empty one.
func (p *Parser) fieldLines(b []byte, limits *Limits, request bool) Reason {
	for {
		start := p.line
		line, reason := p.nextLine(b, limits)
		if reason != OK {
			return reason
		}
		if len(line) == 0 {
			p.request.Length, p.response.Length = p.line, p.line
			return OK
		}
		if p.fields++; p.fields > limits.Fields {
			return TooManyFields
		}
		colon, reason := fieldName(line)
		if reason != OK {
			return reason
		}
		name, rest := line[:colon], trimLeft(line[colon+1:])
		value := trimRight(rest)
		at := start + len(line) - len(rest)
		if request {
			reason = p.request.field(name, value, at)
		} else {
			reason = p.response.field(name, value, at)
		}
		if reason != OK {
			return reason
		}
	}
}

// fieldName finds the colon behind a field line's name (RFC 9112, 5.1).
func fieldName(line []byte) (colon int, reason Reason) {
	if isSpace(line[0]) {
		return 0, Fold
	}
	for i, c := range line {
		switch {
		case classes[c]&token != 0:
		case c == ':' && i > 0:
			return i, OK
		case isSpace(c):
			for _, next := range line[i:] {
				if next == ':' {
					return 0, SpaceBeforeColon
				}
				if !isSpace(next) {
					break
				}
			}
			return 0, BadName
		default:
			return 0, BadName
		}
	}
	return 0, BadName
}
