package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"time"

	"limpid/proxy/accesslog"
	"limpid/proxy/handover"
	"limpid/proxy/http1"
	"limpid/proxy/intake"
	"limpid/proxy/leg"
	"limpid/proxy/relay"
	"limpid/proxy/scoreboard"
)

// Settings is what the supervisor tells the proxy at its start.
type Settings struct {
	// NonHTTP is what becomes of flows that are not plainly HTTP: "tunnel"
	// (also when empty) or "reset".
	NonHTTP string `json:"non_http"`
	// Via asks for a Via field in forwarded heads.
	Via bool `json:"via"`
	// HeadLimit and LineLimit bound a head and one of its lines, in bytes, at
	// most leg.HoldLimit; FieldsLimit is how many field lines it may have. 0
	// stands for the default of http1.DefaultLimits.
	HeadLimit   int `json:"head_limit"`
	LineLimit   int `json:"line_limit"`
	FieldsLimit int `json:"fields_limit"`
	// HeadTimeout, BodyTimeout and IdleTimeout are those of relay.Settings, in
	// nanoseconds, 0 for none.
	HeadTimeout time.Duration `json:"head_timeout"`
	BodyTimeout time.Duration `json:"body_timeout"`
	IdleTimeout time.Duration `json:"idle_timeout"`
	// Log says where the access log goes.
	Log accesslog.Settings `json:"log"`
	// Direct has the proxy accept connections itself; without it the gate does.
	Direct *intake.Settings `json:"direct,omitempty"`
	// Loops is the number of event loops, 0 for one a processor, at most
	// scoreboard.MaxLoops.
	Loops int `json:"loops"`
	// Grace is how long flows may go on to their end after Run's context has
	// ended, in nanoseconds, 0 for 5 s.
	Grace time.Duration `json:"grace"`
}

// defaultGrace is Settings.Grace when it is 0.
const defaultGrace = 5 * time.Second

// Sockets is what the proxy inherits.
type Sockets struct {
	Receiver *handover.Receiver
	Board    *scoreboard.Board
	// Intake is needed with Settings.Direct only.
	Intake intake.Sockets
}

// relay is what the settings say of flows.
func (s Settings) relay() relay.Settings {
	return relay.Settings{
		ResetNonHTTP: s.NonHTTP == "reset",
		Limits:       http1.Limits{Head: s.HeadLimit, Line: s.LineLimit, Fields: s.FieldsLimit},
		HeadTimeout:  s.HeadTimeout,
		BodyTimeout:  s.BodyTimeout,
		IdleTimeout:  s.IdleTimeout,
	}
}

// FlowInfo describes a flow to people.
type FlowInfo = relay.Info

// check fills what is 0 and refuses what cannot be done.
func (s Settings) check() (Settings, error) {
	switch {
	case s.NonHTTP != "" && s.NonHTTP != "tunnel" && s.NonHTTP != "reset":
		return s, fmt.Errorf("read proxy settings: non_http is %q: want \"tunnel\" or \"reset\"", s.NonHTTP)
	case s.Loops < 0 || s.Loops > scoreboard.MaxLoops:
		return s, fmt.Errorf("read proxy settings: loops is %d: want 0 to %d", s.Loops, scoreboard.MaxLoops)
	case s.Via:
		return s, errors.New("read proxy settings: via is true: heads are forwarded as received, set it to false")
	case s.Grace < 0:
		return s, fmt.Errorf("read proxy settings: grace is %v: want 0 or more", s.Grace)
	case min(s.HeadTimeout, s.BodyTimeout, s.IdleTimeout) < 0:
		return s, fmt.Errorf("read proxy settings: timeouts are %v, %v and %v: want 0 or more", s.HeadTimeout, s.BodyTimeout, s.IdleTimeout)
	case min(s.HeadLimit, s.LineLimit, s.FieldsLimit) < 0 || s.HeadLimit > leg.HoldLimit:
		return s, fmt.Errorf("read proxy settings: limits are %d, %d and %d: want 0 or more, and a head of at most %d bytes: no more is held",
			s.HeadLimit, s.LineLimit, s.FieldsLimit, leg.HoldLimit)
	}
	defaults := http1.DefaultLimits()
	s.HeadLimit = cmp.Or(s.HeadLimit, defaults.Head)
	s.LineLimit = cmp.Or(s.LineLimit, defaults.Line)
	s.FieldsLimit = cmp.Or(s.FieldsLimit, defaults.Fields)
	if s.Loops == 0 {
		s.Loops = min(runtime.NumCPU(), scoreboard.MaxLoops)
	}
	if s.Grace == 0 {
		s.Grace = defaultGrace
	}
	return s, nil
}
