package relay

import (
	"limpid/proxy/http1"
	"limpid/proxy/leg"
)

// upSide is the flow as the filter of what the client sends.
type upSide Flow

// Pass lets pass what is complete of requests.
func (s *upSide) Pass(b []byte, end bool) (n int) {
	f := (*Flow)(s)
	f.stuck = false
	for n < len(b) {
		switch {
		case f.up.phase == toTheEnd:
			return len(b)
		case f.cut:
			return n
		case f.up.phase != inHead:
			used, reason := f.up.advance(b[n:])
			n += used
			f.requestMoved(used)
			if reason.Refused() {
				f.leaveHTTP(Reason(reason))
			}
			continue
		case f.waiting.blocks():
			if !f.pair.UpstreamEnded() {
				f.stuck = f.maybeStuck(len(b)-n, end)
				return n
			}
			f.leaveHTTP(Unanswered)
			continue
		case emptyLine(b[n:]):
			// Some clients end a body with an empty line too many, and a
			// server ignores it (RFC 9112, 2.2): not worth holding back.
			n += 2
			f.worker.putParser(&f.up)
			continue
		case f.behindLast(b[n:], end):
			f.leaveHTTP(BehindClose)
			continue
		}
		p := f.worker.parserFor(&f.up)
		request, reason := p.Request(b[n:], &f.worker.settings.Limits)
		if reason == http1.More && !end {
			f.worker.keepParser(&f.up, p)
			return n
		}
		began := f.worker.headBegan(&f.up)
		f.worker.putParser(&f.up)
		switch reason {
		case http1.OK:
			f.requestHead(b[n:n+request.Length], &request, began)
			n += request.Length
		case http1.More:
			f.leaveHTTP(Truncated)
		default:
			f.leaveHTTP(Reason(reason))
		}
	}
	return n
}

func emptyLine(b []byte) bool { return len(b) >= 2 && b[0] == '\r' && b[1] == '\n' }

// behindLast reports whether b is behind the client's last request, and more
// than a server ignores there (RFC 9112, 9.6).
func (f *Flow) behindLast(b []byte, end bool) bool {
	mayBeEmpty := len(b) == 1 && b[0] == '\r' && !end
	return f.up.closing && !mayBeEmpty
}

// maybeStuck reports whether a response that held bytes wait for may never come,
// since the client's end is behind them, or cannot be read for them: a server may
// answer only when it has that. They are HTTP, and not reset for it.
func (f *Flow) maybeStuck(held int, end bool) bool {
	return (end || held >= leg.HoldLimit) && !f.worker.settings.ResetNonHTTP
}

// Unseen is how many bytes of the request may pass without being shown.
func (s *upSide) Unseen() int64 { return (*Flow)(s).unseen(&s.up) }

// Skip says that n of the unseen bytes have passed.
func (s *upSide) Skip(n int64) {
	s.up.skip(n)
	(*Flow)(s).requestMoved(int(n))
}
