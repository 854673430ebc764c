package gate

import (
	"net/netip"
	"time"
)

const (
	// slowTime is how long a pair whose server was silent, or for routers is not there,
	// is left to the bridge.
	slowTime = time.Minute
	// slowMax bounds the pairs remembered.
	slowMax = 4096
)

// pair is a client and a server.
type pair struct{ client, server netip.Addr }

// slowPairs remembers whose servers did not answer in time. The client sends
// its SYN again a second later, and that one must go through untouched: the
// server may still hold our first attempt of the same ports, and only a client
// left alone makes it forget that (RFC 9293 section 3.5.1: an acknowledgement
// of something not sent is answered with a reset).
type slowPairs map[pair]time.Time

func (s slowPairs) add(t tuple, now time.Time) {
	if len(s) < slowMax {
		s[pair{t.client.Addr(), t.server.Addr()}] = now.Add(slowTime)
	}
}

func (s slowPairs) has(t tuple, now time.Time) bool {
	until, ok := s[pair{t.client.Addr(), t.server.Addr()}]
	return ok && now.Before(until)
}

func (s slowPairs) forget(now time.Time) {
	for p, until := range s {
		if !now.Before(until) {
			delete(s, p)
		}
	}
}
