package config

import "time"

// The bounds of heads. The proxy holds a head until it is complete, and no connection may hold more than 64 KiB (its
// leg.HoldLimit). The lower ones leave room for ordinary requests.
const (
	minHead   = 4 * KiB
	minLine   = KiB
	maxHead   = 64 * KiB
	minFields = 16
	maxFields = 4096
)

// The bounds of deadlines, unless they are 0.
const (
	minDeadline = time.Second
	maxDeadline = 24 * time.Hour
	maxIdle     = 7 * 24 * time.Hour
)

// readProxy reads the choices of the proxy process. That its port collides with no listener of the web page is checked
// in checkAcross.
func readProxy(t *table, to *Proxy) {
	number(t, "port", 1, 65535, &to.Port)
	word(t, "client_port", &to.ClientPort, ClientPortKeep, ClientPortAny)
	word(t, "non_http", &to.NonHTTP, NonHTTPTunnel, NonHTTPReset)
	t.flag("via", &to.Via)
	if to.Via {
		t.doc.report(t.key("via"), "heads are forwarded as they were received, so no Via can be added; write false")
	}
	sizeOfHead := func(name string, low Size, to *Size) {
		size := *to
		t.size(name, &size)
		if size < low || size > maxHead {
			t.doc.report(t.key(name), "%q is out of range; use %q to %q, which is what the proxy holds of a connection at most", size, low, maxHead)
			return
		}
		*to = size
	}
	sizeOfHead("head_limit", minHead, &to.HeadLimit)
	sizeOfHead("line_limit", minLine, &to.LineLimit)
	number(t, "fields_limit", minFields, maxFields, &to.FieldsLimit)
	t.deadline("head_timeout", minDeadline, maxDeadline, &to.HeadTimeout)
	t.deadline("body_timeout", minDeadline, maxDeadline, &to.BodyTimeout)
	t.deadline("idle_timeout", minDeadline, maxIdle, &to.IdleTimeout)
}
