package metrics

import (
	"time"

	"limpid/appliance/control"
	"limpid/proxy/scoreboard"
)

// Sources is where the figures come from. All are needed.
type Sources struct {
	Gate, Proxy *scoreboard.Board // as long as there are scrapes
	Version     string
	// Causes are all that State.Cause may be.
	Causes []string
	// TunnelReasons names the cells from scoreboard.TunnelBy on, by number. One
	// without a name is not shown.
	TunnelReasons []string
	// State is asked at each scrape, by several at once perhaps.
	State func() State
}

// State is what the supervisor knows.
type State struct {
	Mode      control.Mode
	Cause     string    // the kind of reason not to be inline; empty when inline
	Since     time.Time // when Mode was entered
	Capture   string
	Handshake string
	Problems  int // that limpid keeps trying to mend

	LastGap time.Duration
	Gaps    uint64

	ChecksPassed, ChecksFailed uint64

	Active   uint64    // flows open now
	Captured uint64    // connections taken off the bridge, by the kernel's count
	Bridged  uint64    // left on it while the rules were there
	Refused  uint64    // of those, approved ones that found no free slot
	Most     int       // flows at once, at most
	Ports    []Port    // in the order of bridge.ports
	Self     Process   // the supervisor
	Children []Process // gate and proxy
	Bypass   bool      // ordered by the operator
}

// Process is one of limpid's processes.
type Process struct {
	Name     string
	PID      int           // 0 when it does not run
	Begun    time.Time     // when it was started, if it runs
	Restarts int           // of a child
	Spent    time.Duration // processor time of those of that name that have ended
}

// Port is one port of the bridge.
type Port struct {
	Side        string // "lan" towards the clients, "wan" towards the servers
	Up, Carrier bool
	Counted     bool // what follows is known
	Received    Traffic
	Sent        Traffic
}

// Traffic is what a port has carried in one direction since it was made.
type Traffic struct{ Bytes, Packets, Errors, Dropped uint64 }
