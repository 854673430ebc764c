package http1

import "bytes"

// framingField takes a field that requests and responses share.
func framingField(name, value []byte, flags *Flags, length *int64) Reason {
	switch len(name) {
	case len("content-length"):
		if same(name, "content-length") {
			return contentLength(value, flags, length)
		}
	case len("transfer-encoding"):
		if same(name, "transfer-encoding") {
			return transferEncoding(value, flags)
		}
	case len("connection"):
		if same(name, "connection") {
			connection(value, flags)
		}
	case len("upgrade"):
		if same(name, "upgrade") {
			*flags |= Upgrade
		}
	}
	return OK
}

// contentLength reads Content-Length (RFC 9110, 8.6). Repeated lines must
// agree, and none of them may have leading zeros; a list in one line is refused
// even if its members agree.
func contentLength(value []byte, flags *Flags, length *int64) Reason {
	if len(value) == 0 || len(value) > 18 {
		return BadLength
	}
	var n int64
	for _, c := range value {
		if c < '0' || c > '9' {
			return BadLength
		}
		n = n*10 + int64(c-'0')
	}
	if value[0] == '0' && len(value) > 1 {
		*flags |= paddedLength
	}
	if *flags&hasLength != 0 && (n != *length || *flags&paddedLength != 0) {
		return DifferingLengths
	}
	*flags |= hasLength
	*length = n
	return OK
}

// transferEncoding reads Transfer-Encoding (RFC 9112, 6.1). Only chunked alone
// is taken: other codings are not in use, and recipients differ on them.
func transferEncoding(value []byte, flags *Flags) Reason {
	if same(value, "chunked") {
		if *flags&hasCoding != 0 {
			return ChunkedTwice
		}
		*flags |= hasCoding
		return OK
	}
	var chunked int
	var last bool
	for list := value; ; {
		member, rest, more := bytes.Cut(list, []byte(","))
		if last = same(trim(member), "chunked"); last {
			chunked++
		}
		if list = rest; !more {
			break
		}
	}
	switch {
	case chunked > 1 || chunked == 1 && *flags&hasCoding != 0:
		return ChunkedTwice
	case chunked == 1 && !last || *flags&hasCoding != 0:
		return ChunkedNotLast
	}
	return UnknownCoding
}

// connection reads the options of Connection (RFC 9110, 7.6.1).
func connection(value []byte, flags *Flags) {
	for list, more := value, true; more; {
		var option []byte
		option, list, more = bytes.Cut(list, []byte(","))
		switch option = trim(option); {
		case same(option, "close"):
			*flags |= Close
		case same(option, "keep-alive"):
			*flags |= KeepAlive
		}
	}
}

// checkFraming refuses heads that two recipients could frame in two ways
// (RFC 9112, 6.1 and 6.3).
func checkFraming(minor uint8, flags Flags) Reason {
	switch {
	case flags&hasCoding == 0:
		return OK
	case flags&hasLength != 0:
		return LengthAndCoding
	case minor == 0:
		return CodingInHTTP10
	}
	return OK
}
