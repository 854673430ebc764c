package relay

import (
	"time"

	"limpid/proxy/http1"
)

// Settings are the same for all flows.
type Settings struct {
	// ResetNonHTTP resets flows that are not plainly HTTP instead of carrying
	// them as tunnels.
	ResetNonHTTP bool
	// Limits bounds heads.
	Limits http1.Limits
	// HeadWait is how long a head may stay incomplete without a further byte, 2 s
	// when 0. Then the flow is not taken for HTTP any longer. It is for tunnels
	// only: of those that are reset HeadTimeout alone decides.
	HeadWait time.Duration
	// HeadTimeout is how long a head may take from its first byte to its end, 0
	// for ever. Then the flow is not taken for HTTP any longer.
	HeadTimeout time.Duration
	// BodyTimeout is how long no byte may move either way while a message is
	// under way, 0 for ever. Then the flow is reset.
	BodyTimeout time.Duration
	// IdleTimeout is how long nothing may move on a flow at all, between
	// messages or in a tunnel, 0 for ever. Then the flow is reset.
	IdleTimeout time.Duration
}

// headWait is short: a protocol that looks like HTTP at first and waits for an
// answer is held up by it, and a slow client loses nothing but what HTTP would
// have done for it.
const headWait = 2 * time.Second

// withDefaults fills what is zero.
func (s Settings) withDefaults() Settings {
	if s.Limits == (http1.Limits{}) {
		s.Limits = http1.DefaultLimits()
	}
	switch {
	case s.ResetNonHTTP:
		s.HeadWait = 0 // a slow client would lose its connection
	case s.HeadWait == 0:
		s.HeadWait = headWait
	}
	return s
}
