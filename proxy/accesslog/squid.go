package accesslog

import (
	"bytes"
	"strconv"
)

// Squid writes records in the native format of Squid's access.log, ten fields
// with one space or more between them (wiki.squid-cache.org/Features/LogFormat,
// "squid"): when it ended, how long it took in ms, client, result and status,
// bytes to the client, method, URL, user, hierarchy and peer, content type.
// A tunnel is written as Squid writes one: CONNECT to the server's address, 200.
type Squid struct{}

// Append appends the record's line, its end included.
func (f *Squid) Append(dst []byte, r *Record) []byte {
	ended := max((r.Started+max(r.Total, 0))/1e6, 0)
	dst = strconv.AppendInt(dst, ended/1000, 10)
	dst = append(dst, '.')
	dst = appendPadded(dst, ended%1000, 3, '0')
	dst = append(dst, ' ')
	dst = appendPadded(dst, max(r.Total, 0)/1e6, 6, ' ')
	dst = append(dst, ' ')
	dst = r.Client.Addr().AppendTo(dst)
	dst = append(dst, ' ')
	dst = append(dst, squidResult(r)...)
	dst = append(dst, '/')
	status := int64(r.Status)
	wasHTTP := len(r.Target) > 0
	if r.Verdict == Tunnel && !wasHTTP {
		status = 200
	}
	dst = appendPadded(dst, status, 3, '0')
	dst = append(dst, ' ')
	dst = strconv.AppendUint(dst, r.ResponseBytes, 10)
	dst = append(dst, ' ')
	if wasHTTP {
		dst = appendField(dst, r.Method)
		dst = append(dst, ' ')
		dst = r.appendTarget(dst)
		if r.cut&(cutTarget|cutHost) != 0 {
			dst = append(dst, "..."...)
		}
	} else {
		dst = append(dst, "CONNECT "...)
		dst = r.Server.AppendTo(dst)
	}
	dst = append(dst, " - "...)
	if r.Verdict == Hit || r.Verdict == Block {
		dst = append(dst, "HIER_NONE/- "...)
	} else {
		dst = append(dst, "HIER_DIRECT/"...)
		dst = r.Server.Addr().AppendTo(dst)
		dst = append(dst, ' ')
	}
	kind := r.ContentType
	if i := bytes.IndexAny(kind, "; \t"); i >= 0 {
		kind = kind[:i]
	}
	dst = appendField(dst, kind)
	return append(dst, '\n')
}

// squidResult is Squid's code for a verdict.
func squidResult(r *Record) string {
	switch r.Verdict {
	case Hit:
		return "TCP_HIT"
	case Revalidated:
		return "TCP_REFRESH_UNMODIFIED"
	case Stale:
		return "TCP_REFRESH_FAIL_OLD"
	case Block:
		return "TCP_DENIED"
	case Tunnel:
		return "TCP_TUNNEL"
	case Abort:
		return "TCP_MISS_ABORTED"
	default:
		return "TCP_MISS"
	}
}

// appendField appends a text as one field, "-" if it is empty.
func appendField(dst, text []byte) []byte {
	if len(text) == 0 {
		return append(dst, '-')
	}
	return appendURL(dst, text)
}

// appendPadded appends a number, to the right of at least width characters.
func appendPadded(dst []byte, n int64, width int, pad byte) []byte {
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], n, 10)
	for range width - len(text) {
		dst = append(dst, pad)
	}
	return append(dst, text...)
}
