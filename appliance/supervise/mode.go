package supervise

import (
	"fmt"
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
	Reason string // why not inline
	Armed  bool   // a passed check may arm; all else disarms
}

// decide says what the mode is at now, and why. The first reason in this order
// is the one given: the operator's will, what no process can help, the
// processes, their health.
func (in Inputs) decide(now time.Time) Verdict {
	bypass := func(format string, a ...any) Verdict {
		return Verdict{Mode: control.Bypass, Reason: fmt.Sprintf(format, a...)}
	}
	switch {
	case in.Stopping:
		return bypass("stopping")
	case in.bypassed(now):
		if in.Bypass.Until.IsZero() {
			return bypass("ordered by the operator")
		}
		return bypass("ordered by the operator until %s", in.Bypass.Until.Format(time.TimeOnly))
	case in.Rules != "":
		return bypass("%s", in.Rules)
	case in.Wire != "":
		return bypass("%s", in.Wire)
	case !in.Gate.Up && in.Gate.Ended != "":
		return bypass("gate %s", in.Gate.Ended)
	case !in.Proxy.Up && in.Proxy.Ended != "":
		return bypass("proxy %s", in.Proxy.Ended)
	case in.Check == Failed:
		return bypass("health check: %s", in.Failure)
	case in.Full:
		return bypass("max_connections is reached: raise intercept.max_connections")
	case !in.Ready:
		return Verdict{Mode: control.Starting, Reason: "waiting for bridge and rules"}
	case !in.Gate.Up || !in.Proxy.Up || in.Check != Passed:
		if in.Begun || in.Gate.Ended != "" || in.Proxy.Ended != "" {
			return bypass("waiting for a health check")
		}
		return Verdict{Mode: control.Starting, Reason: "waiting for the first health check"}
	}
	return Verdict{Mode: control.Inline, Armed: true}
}

func (in Inputs) bypassed(now time.Time) bool {
	return in.Bypass.On && (in.Bypass.Until.IsZero() || now.Before(in.Bypass.Until))
}
