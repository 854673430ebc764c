package accesslog

import (
	"bytes"
	"net/netip"
	"strconv"
)

// appendTarget appends the URL that was asked for (RFC 9112, 3.3), escaped;
// nothing for a tunnel that was never HTTP. CONNECT gives host and port.
func (r *Record) appendTarget(dst []byte) []byte {
	switch {
	case len(r.Target) == 0:
		return dst
	case r.Target[0] != '/' && !bytes.Equal(r.Target, []byte("*")):
		return appendURL(dst, r.Target)
	}
	dst = append(dst, "http://"...)
	if len(r.Host) > 0 {
		dst = appendURL(dst, r.Host)
	} else {
		dst = appendServer(dst, r.Server)
	}
	if r.Target[0] == '/' {
		dst = appendURL(dst, r.Target)
	}
	return dst
}

// appendServer appends an address as the host of a URL, its port unless it is 80.
func appendServer(dst []byte, server netip.AddrPort) []byte {
	if server.Port() != 80 {
		return server.AppendTo(dst)
	}
	if server.Addr().Is4() {
		return server.Addr().AppendTo(dst)
	}
	dst = append(dst, '[')
	dst = server.Addr().AppendTo(dst)
	return append(dst, ']')
}

// appendMicros appends a time in microseconds.
func appendMicros(dst []byte, ns int64) []byte { return strconv.AppendInt(dst, ns/1000, 10) }
