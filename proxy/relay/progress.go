package relay

import (
	"time"

	"limpid/proxy/accesslog"
	"limpid/proxy/http1"
	"limpid/proxy/scoreboard"
)

// progress is where a flow stands in its transactions: those whose response is
// due, the one whose request is passing, and the one whose response is, or has
// passed before its request did.
type progress struct {
	waiting transactions
	asking  *transaction
	current *transaction

	askedBytes, answeredBytes uint64 // of transactions that have ended
}

// requestHead takes note of a complete request head before it passes, whose first
// byte was seen when it began.
func (f *Flow) requestHead(head []byte, r *http1.Request, began time.Time) {
	f.requests++
	if !f.health {
		f.worker.tally.Add(scoreboard.Requests, 1)
	}
	t := f.worker.transaction()
	t.begin(head, r)
	t.started, t.headed = began.UnixNano(), f.worker.loop.Now().UnixNano()
	if f.worker.recorder.Recording() && !f.health {
		f.recordHead(t, head)
	}
	f.waiting.push(t)
	f.asking = t
	f.up.body(r.Framing())
	f.up.closing = !r.Persistent()
	f.requestMoved(r.Length)
}

// requestMoved counts bytes of the request that passes, and ends it.
func (f *Flow) requestMoved(n int) {
	t := f.asking
	if t == nil {
		return
	}
	t.request += uint64(n)
	if f.up.phase != inHead {
		return
	}
	f.asking, t.asked = nil, true
	if t.answered {
		f.current = nil
		f.ended(t, accesslog.Forward, "")
	}
}

// responseHead is the same for a response's head.
func (f *Flow) responseHead(head []byte, r *http1.Response, began time.Time) {
	t := f.waiting.first
	if t.firstByte == 0 {
		t.firstByte = began.UnixNano()
	}
	if r.Interim() {
		t.response += uint64(r.Length)
		return
	}
	if r.Status == 101 && t.exchange&upgrade == 0 {
		f.leaveHTTP(UnaskedUpgrade)
		return
	}
	framing := r.Framing(t.method())
	if framing.Kind == http1.Coded && t.exchange&old != 0 {
		// HTTP/1.0 has no codings: its client would take it for the body (RFC 9112, 6.1).
		f.leaveHTTP(Reason(http1.CodingInHTTP10))
		return
	}
	f.current = f.waiting.pop()
	if !f.health {
		f.worker.tally.Add(scoreboard.Responses, 1)
	}
	t.status = r.Status
	if t.heads != nil {
		t.heads.Response(head)
	}
	t.keep(typeText, r.ContentType.Of(head), accesslog.MaxContentType)
	if framing.Kind == http1.ToTunnel {
		t.response += uint64(r.Length)
		f.current, f.asking = nil, nil
		f.ended(t, accesslog.Forward, "")
		if r.Status == 101 {
			f.leaveHTTP(Upgraded)
		} else {
			f.leaveHTTP(Connected)
		}
		return
	}
	f.down.body(framing)
	f.down.closing = !r.Persistent()
	f.responseMoved(r.Length)
}

// responseMoved counts bytes of the response that passes, and ends it.
func (f *Flow) responseMoved(n int) {
	t := f.current
	if t == nil || t.answered {
		return
	}
	t.response += uint64(n)
	if f.down.phase != inHead {
		return
	}
	t.answered = true
	if t.asked {
		f.current = nil
		f.ended(t, accesslog.Forward, "")
	}
}

// underWay reports whether part of a message has passed, and part has not.
func (f *Flow) underWay() bool {
	return f.reason == 0 && (f.asking != nil || f.current != nil && !f.current.answered)
}

// settle ends every transaction that the flow leaves unfinished.
func (f *Flow) settle(v accesslog.Verdict, why string) {
	if t := f.current; t != nil {
		f.current = nil
		switch {
		case t.answered && t.asked:
			f.ended(t, accesslog.Forward, "")
		case t.answered:
			f.ended(t, accesslog.Forward, why)
		default:
			f.ended(t, v, why)
		}
	}
	for !f.waiting.empty() {
		f.ended(f.waiting.pop(), v, why)
	}
	f.asking = nil
}
