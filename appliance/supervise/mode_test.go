package supervise

import (
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

// well is a box on which everything is as it should be.
func well() Inputs {
	return Inputs{Ready: true, Gate: Child{Up: true, Started: true}, Proxy: Child{Up: true, Started: true}, Check: Passed, Begun: true}
}

func TestDecide(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		in     Inputs
		change func(*Inputs)
		mode   control.Mode
		reason string
		armed  bool
	}{
		"all is well":             {well(), func(*Inputs) {}, control.Inline, "", true},
		"nothing is known yet":    {Inputs{}, func(*Inputs) {}, control.Starting, "bridge and rules", false},
		"nothing runs yet":        {Inputs{Ready: true}, func(*Inputs) {}, control.Starting, "first health check", false},
		"up, not checked":         {Inputs{Ready: true}, func(in *Inputs) { in.Gate.Up, in.Proxy.Up = true, true }, control.Starting, "first health check", false},
		"rules not yet installed": {Inputs{}, func(in *Inputs) { in.Rules = "install tables: no room" }, control.Bypass, "no room", false},
		"stopping":                {well(), func(in *Inputs) { in.Stopping = true }, control.Bypass, "stopping", false},
		"operator":                {well(), func(in *Inputs) { in.Bypass.On = true }, control.Bypass, "ordered by the operator", false},
		"operator, for a while": {well(), func(in *Inputs) {
			in.Bypass = control.Override{On: true, Until: now.Add(time.Minute)}
		}, control.Bypass, "until 03:05:05", false},
		"operator's time is over": {well(), func(in *Inputs) {
			in.Bypass = control.Override{On: true, Until: now}
		}, control.Inline, "", true},
		"operator goes before a crash": {well(), func(in *Inputs) {
			in.Bypass.On, in.Proxy.Up, in.Proxy.Ended = true, false, "was killed"
		}, control.Bypass, "operator", false},
		"a port is missing":    {well(), func(in *Inputs) { in.Wire = "port eth1 is missing" }, control.Bypass, "port eth1 is missing", false},
		"gate crashed":         {well(), func(in *Inputs) { in.Gate = Child{Ended: "was killed"} }, control.Bypass, "gate was killed", false},
		"proxy crashed":        {well(), func(in *Inputs) { in.Proxy = Child{Ended: "exited with 1"} }, control.Bypass, "proxy exited with 1", false},
		"proxy is back":        {well(), func(in *Inputs) { in.Proxy.Ended, in.Check = "exited with 1", Unchecked }, control.Bypass, "waiting for a health check", false},
		"proxy is checked":     {well(), func(in *Inputs) { in.Proxy.Ended = "exited with 1" }, control.Inline, "", true},
		"check failed":         {well(), func(in *Inputs) { in.Check, in.Failure = Failed, "no answer" }, control.Bypass, "no answer", false},
		"crash before inline":  {Inputs{}, func(in *Inputs) { in.Gate.Up, in.Proxy.Ended = true, "exited" }, control.Bypass, "proxy exited", false},
		"restart never inline": {Inputs{Ready: true}, func(in *Inputs) { in.Gate.Up, in.Proxy.Up, in.Proxy.Ended = true, true, "exited" }, control.Bypass, "waiting", false},
		"full":                 {well(), func(in *Inputs) { in.Full = true }, control.Bypass, "max_connections", false},
	} {
		t.Run(name, func(t *testing.T) {
			c.change(&c.in)
			got := c.in.decide(now)
			if got.Mode != c.mode || got.Armed != c.armed || !strings.Contains(got.Reason, c.reason) || (c.reason == "") != (got.Reason == "") {
				t.Errorf("got %+v, want %s, armed %v, because %q", got, c.mode, c.armed, c.reason)
			}
		})
	}
}

// TestOnlyInlineIsArmed goes through every combination of inputs.
func TestOnlyInlineIsArmed(t *testing.T) {
	armed := 0
	for bits := range 1 << 10 {
		on := func(i int) bool { return bits>>i&1 == 1 }
		in := Inputs{Stopping: on(0), Bypass: control.Override{On: on(1)}, Gate: Child{Up: on(2)}, Proxy: Child{Up: on(3)}, Full: on(4), Begun: on(5), Ready: on(9)}
		if on(6) {
			in.Rules = "no rules"
		}
		if on(7) {
			in.Wire = "no wire"
		}
		if on(8) {
			in.Check = Passed
		}
		v := in.decide(time.Now())
		if v.Armed != (v.Mode == control.Inline) || (v.Reason == "") != v.Armed {
			t.Errorf("%+v: %+v", in, v)
		}
		if v.Armed {
			armed++
		}
	}
	// Up, up and passed, nothing else against it; Begun does not matter.
	if armed != 2 {
		t.Errorf("%d combinations are armed, want 2", armed)
	}
}
