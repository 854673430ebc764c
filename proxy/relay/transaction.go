package relay

import (
	"limpid/proxy/accesslog"
	"limpid/proxy/http1"
)

// transaction is a request and its response, from the request's complete head
// until both have passed. It is one of its worker's, used again and again.
type transaction struct {
	exchange

	next      *transaction // in a queue
	started   int64        // when the request's first byte was seen: Unix time, ns
	headed    int64        // when its head was complete: Unix time, ns
	firstByte int64        // of the response, Unix time, ns; 0 before it
	request   uint64       // bytes that passed
	response  uint64       // bytes that passed
	status    uint16
	heads     *accesslog.Heads // while heads are recorded, else nil
	asked     bool             // all of the request has passed
	answered  bool             // all of the response has passed

	texts [textCount]text
	bytes []byte // what texts are of
}

// text is a piece of transaction.bytes.
type text struct{ start, end uint16 }

// Texts kept for the access log.
const (
	methodText = iota
	hostText
	targetText
	agentText
	typeText
	textCount
)

// keep copies a text, a byte more of it than the log takes, so that the log
// sees that it was cut.
func (t *transaction) keep(which int, b []byte, most int) {
	start := len(t.bytes)
	t.bytes = append(t.bytes, b[:min(len(b), most+1)]...)
	t.texts[which] = text{uint16(start), uint16(len(t.bytes))}
}

func (t *transaction) text(which int) []byte { return t.bytes[t.texts[which].start:t.texts[which].end] }

// begin takes note of a request's head.
func (t *transaction) begin(head []byte, r *http1.Request) {
	t.exchange = newExchange(r)
	t.keep(methodText, r.MethodName.Of(head), accesslog.MaxMethod)
	t.keep(hostText, r.Host.Of(head), accesslog.MaxHost)
	t.keep(targetText, r.Target.Of(head), accesslog.MaxTarget)
	t.keep(agentText, r.UserAgent.Of(head), accesslog.MaxUserAgent)
}

// transactions is a queue of them, oldest first.
type transactions struct {
	first, last *transaction
	held        uint8
}

// pipelineLimit is how many requests may wait for responses; a client that
// sends more is not read until some have come.
const pipelineLimit = 32

func (q *transactions) empty() bool { return q.first == nil }

func (q *transactions) push(t *transaction) {
	if q.first == nil {
		q.first = t
	} else {
		q.last.next = t
	}
	q.last = t
	q.held++
}

func (q *transactions) pop() *transaction {
	t := q.first
	q.first, t.next = t.next, nil
	q.held--
	return t
}

// blocks reports whether no further request may pass before a response came:
// as many wait as may, or the newest one's response says how to go on.
func (q *transactions) blocks() bool {
	return q.held == pipelineLimit || q.first != nil && q.last.exchange&decides != 0
}

// transaction returns an empty one.
func (w *Worker) transaction() *transaction {
	if n := len(w.spareTransactions); n > 0 {
		t := w.spareTransactions[n-1]
		w.spareTransactions = w.spareTransactions[:n-1]
		return t
	}
	return &transaction{bytes: make([]byte, 0, textSpace)}
}

const (
	// textSpace holds the texts of most requests, in bytes.
	textSpace = 384
	// spareTransactions is how many a worker keeps for reuse.
	spareTransactions = 512
)

// putTransaction takes one back.
func (w *Worker) putTransaction(t *transaction) {
	if len(w.spareTransactions) < spareTransactions && cap(t.bytes) <= 4*textSpace {
		*t = transaction{bytes: t.bytes[:0]}
		w.spareTransactions = append(w.spareTransactions, t)
	}
}
