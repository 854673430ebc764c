package relay

import "limpid/proxy/http1"

// exchange is what is kept of a request until its final response.
type exchange uint8

const (
	methodBits exchange = 0x0f
	// upgrade: the request has an Upgrade field.
	upgrade exchange = 1 << 4
	// decides: what follows the request on its connection may be no HTTP, and
	// its response says so.
	decides exchange = 1 << 5
)

func newExchange(r *http1.Request) exchange {
	e := exchange(r.Method)
	if r.Flags&http1.Upgrade != 0 {
		e |= upgrade | decides
	}
	if r.Method == http1.CONNECT {
		e |= decides
	}
	return e
}

func (e exchange) method() http1.Method { return http1.Method(e & methodBits) }

// pipelineLimit is how many requests may wait for responses; a client that
// sends more is not read until some have come.
const pipelineLimit = 32

// exchanges is the queue of requests whose final responses are due, in order
// (RFC 9112, 9.3.2).
type exchanges struct {
	ring        [pipelineLimit]exchange
	first, held uint8
}

func (q *exchanges) empty() bool { return q.held == 0 }
func (q *exchanges) full() bool  { return q.held == pipelineLimit }

func (q *exchanges) push(e exchange) {
	q.ring[(q.first+q.held)%pipelineLimit] = e
	q.held++
}

func (q *exchanges) pop() {
	q.first = (q.first + 1) % pipelineLimit
	q.held--
}

// oldest is the exchange that the next response belongs to.
func (q *exchanges) oldest() exchange { return q.ring[q.first] }

// blocks reports whether no further request may pass before a response came.
func (q *exchanges) blocks() bool { return q.full() || q.undecided() }

// undecided reports whether the newest request's response says how to go on.
func (q *exchanges) undecided() bool {
	return q.held > 0 && q.ring[(q.first+q.held-1)%pipelineLimit]&decides != 0
}
