package relay

import (
	"limpid/proxy/http1"
	"limpid/proxy/scoreboard"
)

// Reason is why a flow is not, or no longer, relayed as HTTP: a refusal of
// package http1, or one of those below.
type Reason uint8

// Reasons beyond those of http1. Zero is none.
const (
	ServerFirst    = Reason(http1.ReasonCount) + iota // the server spoke before any request
	Unsolicited                                       // a response without a request
	UnaskedUpgrade                                    // 101 to a request without Upgrade
	Truncated                                         // the connection ended within a head
	SlowHead                                          // a head stayed incomplete
	Unanswered                                        // an end ended while bytes behind a request waited for its response
	BehindClose                                       // bytes behind the message that was said to be the last
	Upgraded                                          // 101, as asked for
	Connected                                         // 2xx to CONNECT
	reasonCount
)

// ownReasons is how many reasons are not of http1.
const ownReasons = reasonCount - ServerFirst

var reasonNames = [ownReasons]string{
	"server-first", "unsolicited-response", "unasked-upgrade", "truncated", "slow-head", "unanswered", "behind-close",
	"upgraded", "connected",
}

// The build fails here when the board has too few cells for the reasons.
const _ = uint(scoreboard.TunnelReasons - int(reasonCount))

// String is a short name, the same in logs, counters and the control API.
func (r Reason) String() string {
	switch {
	case r < ServerFirst:
		return http1.Reason(r).String()
	case r < reasonCount:
		return reasonNames[r-ServerFirst]
	}
	return "unknown"
}

// ReasonNames are the names of all reasons by number, as the cells from
// scoreboard.TunnelBy on are. What is no reason has none.
func ReasonNames() []string {
	names := make([]string, reasonCount)
	for r := range reasonCount {
		if r >= ServerFirst || http1.Reason(r).Refused() {
			names[r] = r.String()
		}
	}
	return names
}

// plain reports whether a tunnel for this reason is what HTTP has agreed on.
func (r Reason) plain() bool { return r == Upgraded || r == Connected }
