package proxy

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"limpid/proxy/handover"
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
	}
	if s.Loops == 0 {
		s.Loops = min(runtime.NumCPU(), scoreboard.MaxLoops)
	}
	if s.Grace == 0 {
		s.Grace = defaultGrace
	}
	return s, nil
}
