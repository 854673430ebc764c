package doctor

import (
	"fmt"

	"limpid/appliance/control"
)

// judgeCapture looks at what all the rest is for. explained says that another check
// has failed already: then that is what to mend.
func judgeCapture(f *Facts, explained bool) answer {
	if f.Known == nil {
		return unasked()
	}
	s := f.Known.Status
	a := fine("They are.")
	a.saw("mode", controlSocket, string(s.Mode))
	switch {
	case s.Mode == control.Starting:
		a.found(control.HealthUnknown, "Not yet: "+brief(s.Reason)+".", bridgedNow, "Look again in a few seconds.")
		return a
	case s.Mode == control.Bypass && s.Bypass.On:
		a.found(control.HealthWarn, "No: "+brief(s.Reason)+".", bridgedNow, "limpid bypass off ends it, or the switch on the page.")
		return a
	case s.Mode == control.Bypass && explained:
		a.found(control.HealthUnknown, "No: "+brief(s.Reason)+".", bridgedNow, "Mend what the other checks name.")
		return a
	case s.Mode == control.Bypass:
		a.found(control.HealthFail, "No: "+brief(s.Reason)+".", bridgedNow, "limpid tries again by itself; its log says what happens.")
		return a
	}
	d, ok := f.since()
	if !ok {
		a.finding = "They are, by the mode; what was counted tells nothing yet."
		return a
	}
	captured, bridged := up(f.Before.Captured, f.Now.Captured), up(f.Before.Bridged, f.Now.Bridged)
	where := netfilter + ", counters since " + d + " ago"
	a.saw("SYNs captured", where, fmt.Sprint(captured))
	a.saw("SYNs to intercepted ports bridged", where, fmt.Sprint(bridged))
	a.saw("requests", scoreboard+", since "+d+" ago", fmt.Sprint(up(f.Before.Requests, f.Now.Requests)))
	switch {
	case captured == 0 && bridged == 0:
		a.finding = fmt.Sprintf("They would be: nobody has opened one to an intercepted port in %s.", d)
	case captured == 0:
		a.found(control.HealthWarn, fmt.Sprintf("%s in %s, and all bridged.", plural(bridged, "was opened", "were opened"), d),
			"They went straight to their servers.",
			"limpid doctor flow CLIENT SERVER says why one is not captured: pairs in intercept.bypass, say, or servers that do not answer.")
	default:
		a.finding = fmt.Sprintf("They are: %d in %s.", captured, d)
	}
	return a
}
