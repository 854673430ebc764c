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
	// old: the request is of HTTP/1.0.
	old exchange = 1 << 6
)

func newExchange(r *http1.Request) exchange {
	e := exchange(r.Method)
	if r.Flags&http1.Upgrade != 0 {
		e |= upgrade | decides
	}
	if r.Method == http1.CONNECT {
		e |= decides
	}
	if r.Minor == 0 {
		e |= old
	}
	return e
}

func (e exchange) method() http1.Method { return http1.Method(e & methodBits) }
