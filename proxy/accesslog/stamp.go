package accesslog

import "time"

// stamp writes times in UTC by RFC 3339 to the microsecond, and remembers the
// last second: most records share theirs with the one before.
type stamp struct {
	second int64
	text   [len("2006-01-02T15:04:05")]byte
	known  bool
}

func (s *stamp) append(dst []byte, ns int64) []byte {
	second, rest := ns/1e9, ns%1e9
	if rest < 0 {
		second, rest = second-1, rest+1e9
	}
	if !s.known || second != s.second {
		s.known, s.second = true, second
		time.Unix(second, 0).UTC().AppendFormat(s.text[:0], "2006-01-02T15:04:05")
	}
	dst = append(dst, s.text[:]...)
	micros := rest / 1000
	dst = append(dst, '.', 0, 0, 0, 0, 0, 0, 'Z')
	for i := len(dst) - 2; i > len(dst)-8; i-- {
		dst[i] = byte('0' + micros%10)
		micros /= 10
	}
	return dst
}
