package doctor

import (
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/bridge"
	"limpid/interceptor"
)

// Facts are everything that checks rest on.
type Facts struct {
	At     time.Time
	Config *config.Config // that is in effect
	Kernel Kernel
	// Before and Now are what was counted at an earlier look, and at this one; without
	// the supervisor only of the ports.
	Before, Now Counts
	// Known is what the supervisor knows; nil when it does not answer, and Silence says why.
	Known   *Known
	Silence string
}

// Kernel is what was read of the kernel. Where something could not be read, the error
// beside it says why.
type Kernel struct {
	Bridge    bridge.Look
	BridgeErr error

	LAN, WAN   bridge.Traffic // now
	TrafficErr error

	Learned    bridge.Learned
	LearnedErr error

	Gateways    []bridge.Neighbour
	GatewaysErr error

	Capture    interceptor.Found
	CaptureErr error

	Listeners    []Listener
	ListenersErr error
}

// Known is what the supervisor knows.
type Known struct {
	Status           control.Status
	Gate, Proxy, Web Pulse
	// Passed is when a health check passed last; zero: none has. Failure is what was
	// wrong with the last one; empty when it passed.
	Passed  time.Time
	Failure string
	Most    int      // flows at once
	Log     []string // what the proxy says is wrong with the log
}

// Pulse tells of a process.
type Pulse struct {
	Begun time.Time // zero when it does not run
	Beat  time.Time // when it was last seen to live
}

// Counts are what should grow while there is traffic.
type Counts struct {
	At                           time.Time
	LAN, WAN                     bridge.Traffic
	Captured, Bridged, Refused   uint64 // SYNs to intercepted ports
	Requests                     uint64
	Records, Dropped             uint64 // of the access log; dropped: not even in memory
	FileDropped, CollectorMissed uint64
}

// rest is how long after its start a process, or the supervisor, is not yet judged.
const rest = 3 * time.Second
