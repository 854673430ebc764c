package doctor

import (
	"slices"

	"limpid/appliance/control"
)

// check is one item of the list.
type check struct {
	name, title string
	judge       func(*Facts) answer
}

// answer is what a check has found.
type answer struct {
	verdict  control.Health
	finding  string
	evidence []control.Evidence
	effect   string
	mend     string
}

// checks are in the order in which an operator would look: first the wire, which
// passes traffic without anything else, then who captures, then what captures.
func checks() []check {
	return []check{
		{"bridge", "Does the bridge stand, with both ports in it?", judgeBridge},
		{"links", "Are both cables live?", judgeLinks},
		{"frames", "Do frames cross, both ways?", judgeFrames},
		{"errors", "Do the ports receive and send without errors?", judgeErrors},
		{"reach", "Are there hosts on both sides?", judgeReach},
		{"gateway", "Does the box reach its router?", judgeGateway},
		{"supervisor", "Does the supervisor answer?", judgeSupervisor},
		{"gate", "Does the gate run?", judgeGate},
		{"proxy", "Does the proxy run?", judgeProxy},
		{"web", "Does the web page run?", judgeWeb},
		{"health", "Did a health check pass just now?", judgeHealth},
		{"sysctls", "Are the kernel's settings as capture needs them?", judgeSysctls},
		{"rules", "Are the rules in the kernel, all of them, and limpid's own?", judgeRules},
		{"ports", "Do rules and settings name the same ports?", judgePorts},
		{"listener", "Does the proxy's port listen?", judgeListener},
		{"armed", "Is capture armed exactly when it should be?", judgeArmed},
		{"routing", "Are routing rules, routes and next hops in place?", judgeRouting},
		{"slots", "Is there room for more connections?", judgeSlots},
		{"log", "Is every request in the log?", judgeLog},
		{"clock", "Is the time right?", judgeClock},
		{"storage", "Are settings and logs kept?", judgeStorage},
		{"reports", "Does limpid itself report anything else?", judgeReports},
	}
}

// Examine makes all checks.
func Examine(f Facts) control.Checkup {
	c := control.Checkup{Time: f.At, Verdict: control.HealthOK}
	for _, item := range checks() {
		c.Checks = append(c.Checks, item.make(&f))
	}
	// The last one looks at the others: what keeps limpid from capturing may have been
	// found already.
	explained := slices.ContainsFunc(c.Checks, func(c control.Check) bool { return c.Verdict == control.HealthFail })
	capture := check{"capture", "Are new connections captured?", func(f *Facts) answer { return judgeCapture(f, explained) }}
	c.Checks = append(c.Checks, capture.make(&f))
	for _, made := range c.Checks {
		c.Verdict = worse(c.Verdict, made.Verdict)
	}
	return c
}

func (c check) make(f *Facts) control.Check {
	a := c.judge(f)
	made := control.Check{Name: c.name, Title: c.title, Verdict: a.verdict, Finding: a.finding,
		Evidence: a.evidence, Effect: a.effect, Mend: a.mend}
	if made.Evidence == nil {
		made.Evidence = []control.Evidence{}
	}
	return made
}

func worse(a, b control.Health) control.Health {
	order := []control.Health{control.HealthOK, control.HealthUnknown, control.HealthWarn, control.HealthFail}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// fine is the answer when there is nothing to mend.
func fine(finding string) answer { return answer{verdict: control.HealthOK, finding: finding} }

// unreadable is the answer when there is nothing to judge.
func unreadable(err error) answer {
	return answer{verdict: control.HealthUnknown, finding: "It could not be read: " + brief(err.Error()) + ".", mend: "Run limpid doctor as root."}
}

// unasked is the answer to what only the supervisor knows.
func unasked() answer {
	return answer{verdict: control.HealthUnknown, finding: "Only the supervisor knows, and it does not answer.",
		mend: "See the check of the supervisor."}
}

// saw adds a value to the evidence.
func (a *answer) saw(what, where, value string) {
	a.evidence = append(a.evidence, control.Evidence{What: what, Where: where, Value: value})
}

// found turns an answer into one that something is wrong, unless a worse one stands.
func (a *answer) found(v control.Health, finding, effect, mend string) {
	if worse(a.verdict, v) == a.verdict && a.verdict != control.HealthOK {
		return
	}
	a.verdict, a.finding, a.effect, a.mend = v, finding, effect, mend
}
