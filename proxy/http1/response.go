package http1

const responsePrefix = "HTTP/1."

// responseStart reads up to the end of the status line.
func (p *Parser) responseStart(b []byte, limits *Limits) Reason {
	if p.stage == atStart {
		// Byte by byte, so that a server that speaks another protocol is known
		// by its first bytes.
		for i := p.scanned; i < min(len(b), len(responsePrefix)); i++ {
			if b[i] != responsePrefix[i] {
				return NotHTTP
			}
		}
		if len(b) < len(responsePrefix) {
			p.scanned = len(b)
			return More
		}
		p.stage = inFirst
	}
	if p.stage == inFirst {
		line, reason := p.nextLine(b, limits)
		if reason != OK {
			return reason
		}
		if reason := p.response.line(line); reason != OK {
			return reason
		}
		p.stage = inFields
	}
	return OK
}

// line reads a status line (RFC 9112, 4). The space before an empty reason
// phrase may be missing: many servers leave it out and nothing depends on it.
func (r *Response) line(line []byte) Reason {
	if len(line) < versionLen {
		return BadVersion
	}
	if reason := version(line[:versionLen], &r.Minor); reason != OK {
		return reason
	}
	const codeEnd = versionLen + 4
	if len(line) < codeEnd || line[versionLen] != ' ' || len(line) > codeEnd && line[codeEnd] != ' ' {
		return BadStatus
	}
	for _, c := range line[versionLen+1 : codeEnd] {
		if c < '0' || c > '9' {
			return BadStatus
		}
		r.Status = r.Status*10 + uint16(c-'0')
	}
	if r.Status < 100 {
		return BadStatus
	}
	return OK
}

// field takes one field of a response, whose value is at the given offset.
func (r *Response) field(name, value []byte, at int) Reason {
	if len(name) == len("content-type") && r.ContentType.Start == 0 && same(name, "content-type") {
		r.ContentType = spanAt(at, value)
		return OK
	}
	return framingField(name, value, &r.Flags, &r.ContentLength)
}

// check is what can be said only when the whole head is known.
func (r *Response) check() Reason {
	if reason := checkFraming(r.Minor, r.Flags); reason != OK {
		return reason
	}
	// RFC 9112, 6.1 and RFC 9110, 8.6. A length of 0 is wrong too, frequent,
	// and changes nothing.
	if (r.Status < 200 || r.Status == 204) && (r.Flags&hasCoding != 0 || r.ContentLength > 0) {
		return ForbiddenFraming
	}
	return OK
}
