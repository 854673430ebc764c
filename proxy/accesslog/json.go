package accesslog

import (
	"strconv"
	"unicode/utf16"
)

// JSON writes records as JSON lines: one object a line, its keys those of
// Entry. What is unknown or empty is left out.
type JSON struct{ stamp stamp }

// Append appends the record's line, its end included.
func (f *JSON) Append(dst []byte, r *Record) []byte {
	dst = append(dst, `{"time":"`...)
	dst = f.stamp.append(dst, r.Started)
	dst = append(dst, `","flow":`...)
	dst = strconv.AppendUint(dst, r.Flow, 10)
	dst = append(dst, `,"client":"`...)
	dst = r.Client.AppendTo(dst)
	dst = append(dst, `","server":"`...)
	dst = r.Server.AppendTo(dst)
	dst = append(dst, '"')
	dst = appendCount(dst, `,"vlan":`, uint64(r.VLAN))
	if len(r.Method) > 0 {
		dst = append(dst, `,"method":"`...)
		dst = appendURL(dst, r.Method)
		dst = append(dst, '"')
	}
	if len(r.Target) > 0 {
		dst = append(dst, `,"url":"`...)
		dst = r.appendTarget(dst)
		dst = append(dst, '"')
	}
	dst = appendCount(dst, `,"status":`, uint64(r.Status))
	dst = append(dst, `,"verdict":"`...)
	dst = append(dst, r.Verdict.String()...)
	dst = append(dst, '"')
	dst = appendJSONText(dst, `,"reason":"`, []byte(r.Reason))
	dst = append(dst, `,"request_bytes":`...)
	dst = strconv.AppendUint(dst, r.RequestBytes, 10)
	dst = append(dst, `,"response_bytes":`...)
	dst = strconv.AppendUint(dst, r.ResponseBytes, 10)
	dst = appendJSONTime(dst, `,"connect_us":`, r.Connect)
	dst = appendJSONTime(dst, `,"first_byte_us":`, r.FirstByte)
	dst = appendJSONTime(dst, `,"total_us":`, r.Total)
	dst = appendJSONText(dst, `,"user_agent":"`, r.UserAgent)
	dst = appendJSONText(dst, `,"content_type":"`, r.ContentType)
	if r.cut != 0 {
		dst = append(dst, `,"cut":"`...)
		dst = r.cut.append(dst)
		dst = append(dst, '"')
	}
	return append(dst, '}', '\n')
}

func appendCount(dst []byte, key string, n uint64) []byte {
	if n == 0 {
		return dst
	}
	return strconv.AppendUint(append(dst, key...), n, 10)
}

func appendJSONTime(dst []byte, key string, ns int64) []byte {
	if ns < 0 {
		return dst
	}
	return appendMicros(append(dst, key...), ns)
}

// appendJSONText appends a key and a text that a stranger wrote.
func appendJSONText(dst []byte, key string, text []byte) []byte {
	if len(text) == 0 {
		return dst
	}
	dst = append(dst, key...)
	dst = appendEscaped(dst, text, jsonEscape)
	return append(dst, '"')
}

func jsonEscape(dst []byte, r rune) []byte {
	switch {
	case r == ']':
		return append(dst, ']')
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r > 0xffff: // two of UTF-16
		high, low := utf16.EncodeRune(r)
		return jsonEscape(jsonEscape(dst, high), low)
	}
	return append(dst, '\\', 'u', hexDigits[r>>12], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

var cutNames = [6]string{"method", "host", "target", "user_agent", "content_type", "reason"}

// append appends the names of the texts that were cut, with commas.
func (c cuts) append(dst []byte) []byte {
	first := true
	for i, name := range cutNames {
		if c&(1<<i) == 0 {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		dst, first = append(dst, name...), false
	}
	return dst
}
