package supervise

import (
	"time"

	"limpid/appliance/control"
)

// Check is what the newest health check said about the processes that run now.
type Check int

// Checks.
const (
	Unchecked Check = iota // none has ended since gate and proxy run as they do
	Passed
	Failed
)

// Child is one process as the mode depends on it.
type Child struct {
	Up      bool
	Started bool   // has run before
	Ended   string // how it ended last, or why it cannot be started
}

// Inputs are everything the mode depends on.
type Inputs struct {
	Stopping bool
	Bypass   control.Override // the operator's order
	Ready    bool             // the capture rules have been installed
	Rules    string           // why they could not be, or not be changed; empty when all is well
	Wire     string           // why the bridge cannot forward; empty when it can
	Gate     Child
	Proxy    Child
	Check    Check
	Failure  string // of the check that failed
	Full     bool   // no room for another flow, and nobody to refuse it packet by packet
	Begun    bool   // has been inline before
}

// Verdict is what follows.
type Verdict struct {
	Mode   control.Mode
	Cause  Cause  // the kind of Reason
	Reason string // why not inline
	Armed  bool   // a passed check may arm; all else disarms
}

// Cause is a kind of reason. A change of words alone is not worth a log line.
type Cause string

// Causes.
const (
	NoCause   Cause = ""
	Stopping  Cause = "stopping"
	Ordered   Cause = "operator"
	NoRules   Cause = "rules"
	NoWire    Cause = "wire"
	NoGate    Cause = "gate"
	NoProxy   Cause = "proxy"
	Unhealthy Cause = "health"
	TooMany   Cause = "full"
	Unknown   Cause = "unknown"
)

// causes are all there are but NoCause.
func causes() []Cause {
	return []Cause{Stopping, Ordered, NoRules, NoWire, NoGate, NoProxy, Unhealthy, TooMany, Unknown}
}

// decide says what the mode is at now, and why. The first reason in this order
// is the one given: the operator's will, what no process can help, the
// processes, their health.
func (in Inputs) decide(now time.Time) Verdict {
	ordered := "ordered by the operator"
	if !in.Bypass.Until.IsZero() {
		ordered += " until " + in.Bypass.Until.Format(time.TimeOnly)
	}
	for _, against := range []struct {
		holds  bool
		cause  Cause
		reason string
	}{
		{in.Stopping, Stopping, "stopping"},
		{in.bypassed(now), Ordered, ordered},
		{in.Rules != "", NoRules, in.Rules},
		{in.Wire != "", NoWire, in.Wire},
		{!in.Gate.Up && in.Gate.Ended != "", NoGate, "gate " + in.Gate.Ended},
		{!in.Proxy.Up && in.Proxy.Ended != "", NoProxy, "proxy " + in.Proxy.Ended},
		{in.Check == Failed, Unhealthy, "health check: " + in.Failure},
		{in.Full, TooMany, "max_connections is reached: raise intercept.max_connections"},
	} {
		if against.holds {
			return Verdict{Mode: control.Bypass, Cause: against.cause, Reason: against.reason}
		}
	}
	if in.Ready && in.Gate.Up && in.Proxy.Up && in.Check == Passed {
		return Verdict{Mode: control.Inline, Armed: true}
	}
	return in.unknown()
}

// unknown is the verdict when nothing speaks against capture but that nothing
// speaks for it yet.
func (in Inputs) unknown() Verdict {
	switch {
	case in.Begun, in.Gate.Ended != "", in.Proxy.Ended != "":
		return Verdict{Mode: control.Bypass, Cause: Unknown, Reason: "waiting for a health check"}
	case !in.Ready:
		return Verdict{Mode: control.Starting, Cause: Unknown, Reason: "waiting for bridge and rules"}
	}
	return Verdict{Mode: control.Starting, Cause: Unknown, Reason: "waiting for the first health check"}
}

func (in Inputs) bypassed(now time.Time) bool {
	return in.Bypass.On && (in.Bypass.Until.IsZero() || now.Before(in.Bypass.Until))
}
