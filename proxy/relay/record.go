package relay

import (
	"time"

	"limpid/proxy/accesslog"
	"limpid/proxy/http1"
	"limpid/proxy/leg"
	"limpid/proxy/scoreboard"
)

// ended counts and logs a transaction, and gives it back.
func (f *Flow) ended(t *transaction, v accesslog.Verdict, why string) {
	w := f.worker
	f.askedBytes += t.request
	f.answeredBytes += t.response
	if !f.health {
		now := w.loop.Now().UnixNano()
		first := int64(accesslog.Unknown)
		if t.firstByte != 0 {
			first = t.firstByte - t.started
			w.tally.Observe(scoreboard.FirstByte, time.Duration(t.firstByte-t.headed))
		}
		if t.status != 0 {
			w.tally.Observe(scoreboard.Total, time.Duration(now-t.started))
		}
		w.tally.Transaction(methodCell(t.method()), int(t.status), scoreboard.Verdict(v))
		w.record = accesslog.Record{
			Started: t.started, FirstByte: first, Total: now - t.started,
			Method: t.text(methodText), Host: t.text(hostText), Target: t.text(targetText),
			UserAgent: t.text(agentText), ContentType: t.text(typeText),
			Status: t.status, Verdict: v, Reason: why, RequestBytes: t.request, ResponseBytes: t.response,
			Heads: t.heads,
		}
		f.logRecord()
	}
	w.putTransaction(t)
}

// recordHead keeps a request's head, if somebody wants to see such ones.
func (f *Flow) recordHead(t *transaction, head []byte) {
	r := &f.worker.record
	*r = accesslog.Record{
		Started: t.started, Client: f.client, Server: f.server, Method: t.text(methodText), Host: t.text(hostText), Target: t.text(targetText),
	}
	t.heads = f.worker.recorder.Begin(r, head)
}

// The two verdicts are one: the build fails when their numbers differ.
const (
	_ = uint(accesslog.Abort) - uint(scoreboard.Abort)
	_ = uint(scoreboard.Abort) - uint(accesslog.Abort)
)

// methodCell is how the scoreboard counts a method.
func methodCell(m http1.Method) scoreboard.Method {
	switch m {
	case http1.GET:
		return scoreboard.GET
	case http1.HEAD:
		return scoreboard.HEAD
	case http1.POST:
		return scoreboard.POST
	case http1.PUT:
		return scoreboard.PUT
	case http1.DELETE:
		return scoreboard.DELETE
	case http1.OPTIONS:
		return scoreboard.OPTIONS
	case http1.CONNECT:
		return scoreboard.CONNECT
	case http1.PATCH:
		return scoreboard.PATCH
	default:
		return scoreboard.OtherMethod
	}
}

// logRecord completes the record being made with what is the flow's, and logs it.
// How long the upstream connection took is in the flow's first one only.
func (f *Flow) logRecord() {
	r := &f.worker.record
	r.Flow, r.Client, r.Server, r.VLAN, r.Connect = f.id, f.client, f.server, f.vlan, f.connect
	f.connect = accesslog.Unknown
	f.worker.recorder.Record(r)
	r.Heads = nil // what is forgotten is to be gone
}

// logTunnel logs a flow that has ended and was not HTTP, or not any longer.
func (f *Flow) logTunnel(why string) {
	v := accesslog.Tunnel
	if f.cut {
		v = accesslog.Abort
	}
	up, down := f.pair.Bytes()
	now := f.worker.loop.Now().UnixNano()
	f.worker.record = accesslog.Record{
		Started: f.left, FirstByte: accesslog.Unknown, Total: now - f.left,
		Verdict: v, Reason: why, RequestBytes: beyond(up, f.askedBytes), ResponseBytes: beyond(down, f.answeredBytes),
	}
	f.logRecord()
}

// beyond is what was sent beyond the transactions. Their bytes have passed, and
// need not have been sent when the flow ended.
func beyond(sent, passed uint64) uint64 { return max(sent, passed) - passed }

// logEnd logs what a flow that has ended leaves unfinished.
func (f *Flow) logEnd(how leg.Ending) {
	if f.health {
		f.settle(accesslog.Abort, "")
		return
	}
	if f.reason != 0 {
		f.logTunnel(f.reason.String())
		return
	}
	if t := f.current; t != nil && how == leg.Finished && f.down.phase == toTheEnd {
		t.answered = true // the end of the connection is the end of the body
	}
	why := f.why
	if why == "" {
		why = endings[how]
	}
	f.settle(accesslog.Abort, why)
}

// endings are the reasons of what did not finish.
var endings = [...]string{
	leg.Open: "", leg.Finished: "closed", leg.ResetByClient: "client-reset", leg.ResetByUpstream: "server-reset",
	leg.UpstreamLost: "server-unreachable", leg.Cut: "reset",
}
