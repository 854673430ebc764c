package relay

import "limpid/proxy/http1"

// downSide is the flow as the filter of what the server sends.
type downSide Flow

// Pass lets pass what is complete of responses.
func (s *downSide) Pass(b []byte, end bool) (n int) {
	f := (*Flow)(s)
	for n < len(b) {
		switch {
		case f.down.phase == toTheEnd:
			f.responseMoved(len(b) - n)
			return len(b)
		case f.cut:
			return n
		case f.down.phase != inHead:
			used, reason := f.down.advance(b[n:])
			n += used
			f.responseMoved(used)
			if reason.Refused() {
				f.leaveHTTP(Reason(reason))
			}
			continue
		case f.down.closing:
			// What follows the last response is none, though requests may
			// wait: a client has to ignore it (RFC 9112, 9.6).
			f.leaveHTTP(BehindClose)
			continue
		}
		if f.down.head == nil {
			// What has begun before a request is not its response, whenever it
			// is complete: it may be the rest of a split one (RFC 9112, 9.2, 11.1).
			f.down.unasked = f.waiting.empty()
		}
		p := f.worker.parserFor(&f.down)
		response, reason := p.Response(b[n:], &f.worker.settings.Limits)
		if reason == http1.More && !end && f.awaits(b[n:]) {
			f.worker.keepParser(&f.down, p)
			return n
		}
		began := f.worker.headBegan(&f.down)
		f.worker.putParser(&f.down)
		switch {
		case f.down.unasked:
			f.unasked(&response, reason)
		case reason == http1.OK:
			if f.responseHead(b[n:n+response.Length], &response, began); !f.cut {
				n += response.Length
			}
		case reason == http1.More:
			f.leaveHTTP(Truncated)
		default:
			f.leaveHTTP(Reason(reason))
		}
	}
	return n
}

// Unseen is how many bytes of the response may pass without being shown.
func (s *downSide) Unseen() int64 { return (*Flow)(s).unseen(&s.down) }

// Skip says that n of the unseen bytes have passed.
func (s *downSide) Skip(n int64) {
	s.down.skip(n)
	(*Flow)(s).responseMoved(int(n))
}

// awaits reports whether the rest of the head that begins with b is waited for.
func (f *Flow) awaits(b []byte) bool { return !f.down.unasked || mayBeTimeout(b) }

// mayBeTimeout reports whether b can become the one response that needs no
// request. Nothing else is held without one.
func mayBeTimeout(b []byte) bool {
	const timeout, minor = "HTTP/1.1 408", 7
	for i := range min(len(b), len(timeout)) {
		if b[i] != timeout[i] && i != minor {
			return false
		}
	}
	return true
}

// unasked deals with what a server begins to send when no request waits. A server
// that has waited too long for one may say so before it closes (RFC 9110, 15.5.9).
func (f *Flow) unasked(r *http1.Response, reason http1.Reason) {
	switch {
	case reason == http1.OK && r.Status == 408 && !r.Persistent():
		f.down.phase = toTheEnd
	case f.requests == 0:
		f.leaveHTTP(ServerFirst)
	default:
		f.leaveHTTP(Unsolicited)
	}
}
