package accesslog

import (
	"net/netip"
	"os"
	"strconv"
	"unicode/utf16"
)

// Syslog writes records as messages of RFC 5424: facility local0, severity
// informational, MSGID "access". All there is stands in one element of the
// structured data; the message is a short line for people. A message is at most
// 2048 bytes, which is what receivers should take (section 6.1), so texts that
// are long are cut further than in other formats. Messages hold no line break.
type Syslog struct {
	stamp stamp
	head  []byte // what follows the time
	url   []byte // of the record at hand
}

const (
	// syslogPriority is facility 16, severity 6 (RFC 5424, 6.2.1).
	syslogPriority = "<134>1 "
	// syslogElement has the number that RFC 5612 sets aside for documentation:
	// the project has none of its own.
	syslogElement = ` access [limpid@32473 flow="`
	// How much is kept of texts, in bytes as they are written.
	syslogReason      = 64
	syslogMethod      = 96
	syslogURL         = 700
	syslogContentType = 120
	syslogUserAgent   = 200
	syslogHost        = 255 // RFC 5424, 6.2.4
	maxSyslog         = 2048
)

// NewSyslog makes the format for a box. Its name is cut to what RFC 5424,
// section 6.2.4, allows; an empty one is the kernel's.
func NewSyslog(host string) *Syslog {
	if host == "" {
		host, _ = os.Hostname() // nil value "-" when the kernel has none either
	}
	head := []byte{' '}
	for i := 0; i < len(host) && len(head) <= syslogHost; i++ {
		if c := host[i]; c > ' ' && c < 0x7f {
			head = append(head, c)
		}
	}
	if len(head) == 1 {
		head = append(head, '-')
	}
	head = append(head, " limpid "...)
	head = strconv.AppendInt(head, int64(os.Getpid()), 10)
	return &Syslog{head: append(head, syslogElement...)}
}

// Append appends the record's message, without any end.
func (f *Syslog) Append(dst []byte, r *Record) []byte {
	dst = append(dst, syslogPriority...)
	dst = f.stamp.append(dst, r.Started)
	dst = append(dst, f.head...)
	dst = strconv.AppendUint(dst, r.Flow, 10)
	dst = append(dst, `" client="`...)
	dst = appendParamAddress(dst, r.Client)
	dst = append(dst, `" server="`...)
	dst = appendParamAddress(dst, r.Server)
	dst = append(dst, `" verdict="`...)
	dst = append(dst, r.Verdict.String()...)
	dst = append(dst, `" request_bytes="`...)
	dst = strconv.AppendUint(dst, r.RequestBytes, 10)
	dst = append(dst, `" response_bytes="`...)
	dst = strconv.AppendUint(dst, r.ResponseBytes, 10)
	dst = append(dst, '"')
	dst = appendParamNumber(dst, ` vlan="`, int64(r.VLAN), r.VLAN != 0)
	dst = appendParamNumber(dst, ` status="`, int64(r.Status), r.Status != 0)
	dst = appendParamNumber(dst, ` connect_us="`, r.Connect/1000, r.Connect >= 0)
	dst = appendParamNumber(dst, ` first_byte_us="`, r.FirstByte/1000, r.FirstByte >= 0)
	dst = appendParamNumber(dst, ` total_us="`, r.Total/1000, r.Total >= 0)
	f.url = r.appendTarget(f.url[:0])
	cut := r.cut
	dst = appendParam(dst, ` reason="`, []byte(r.Reason), syslogReason, &cut, cutReason)
	dst = appendParam(dst, ` method="`, r.Method, syslogMethod, &cut, cutMethod)
	dst = appendParam(dst, ` url="`, f.url, syslogURL, &cut, cutTarget)
	dst = appendParam(dst, ` content_type="`, r.ContentType, syslogContentType, &cut, cutContentType)
	dst = appendParam(dst, ` user_agent="`, r.UserAgent, syslogUserAgent, &cut, cutUserAgent)
	if cut != 0 {
		dst = append(dst, ` cut="`...)
		dst = cut.append(dst)
		dst = append(dst, '"')
	}
	dst = append(dst, "] "...)
	dst = append(dst, r.Verdict.String()...)
	if r.Status != 0 {
		dst = append(dst, ' ')
		dst = strconv.AppendUint(dst, uint64(r.Status), 10)
	}
	return dst
}

// appendParamAddress appends an address, in which only a ] needs an escape.
func appendParamAddress(dst []byte, address netip.AddrPort) []byte {
	if address.Addr().Is4() {
		return address.AppendTo(dst)
	}
	dst = append(dst, '[')
	dst = address.Addr().AppendTo(dst)
	dst = append(dst, `\]:`...)
	return strconv.AppendUint(dst, uint64(address.Port()), 10)
}

func appendParamNumber(dst []byte, name string, n int64, known bool) []byte {
	if !known {
		return dst
	}
	return append(strconv.AppendInt(append(dst, name...), n, 10), '"')
}

// appendParam appends a parameter that is not empty, at most limit bytes of its
// value, and marks in cut that there was more.
func appendParam(dst []byte, name string, text []byte, limit int, cut *cuts, mark cuts) []byte {
	if len(text) == 0 {
		return dst
	}
	dst = append(dst, name...)
	from := len(dst)
	if len(text) <= limit {
		if dst = appendEscaped(dst, text, paramEscape); len(dst)-from <= limit {
			return append(dst, '"')
		}
	}
	// Once more, one character at a time, to end with a whole one.
	*cut |= mark
	dst = dst[:from]
	for {
		_, n := decode(text)
		before := len(dst)
		if dst = appendEscaped(dst, text[:n], paramEscape); len(dst)-from > limit {
			return append(dst[:before], '"')
		}
		text = text[n:]
	}
}

// paramEscape is RFC 5424, section 6.3.3, for the three characters it names.
// What does not print is written as in JSON, its backslash escaped.
func paramEscape(dst []byte, r rune) []byte {
	if r == '"' || r == '\\' || r == ']' {
		return append(dst, '\\', byte(r))
	}
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return paramEscape(paramEscape(dst, high), low)
	}
	return jsonEscape(append(dst, '\\'), r)
}
