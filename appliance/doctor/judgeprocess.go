package doctor

import (
	"fmt"
	"strings"
	"time"

	"limpid/appliance/control"
)

const (
	controlSocket = "supervisor, control socket"
	scoreboard    = "scoreboard"
	bridgedNow    = "New connections go straight over the bridge."
)

func judgeSupervisor(f *Facts) answer {
	if f.Known == nil {
		a := answer{}
		a.saw("answer", "control socket", f.Silence)
		a.found(control.HealthFail, "It does not: "+f.Silence+".", bridgedNow+" Nothing is captured, and nobody mends the bridge.",
			"Start it (limpid supervise -c FILE), or read in its log why it ended.")
		return a
	}
	s := f.Known.Status
	a := fine("It answers.")
	a.saw("version", controlSocket, s.Version)
	a.saw("mode", controlSocket, brief(strings.TrimSpace(string(s.Mode)+" "+s.Reason)))
	return a
}

// lately is for how long a restart is worth a word.
const lately = 10 * time.Minute

// judgeProcess looks at a child: does it run, did it live just now, was it restarted.
func judgeProcess(f *Facts, p control.Process, pulse Pulse, silence time.Duration, beat, effect string) answer {
	a := fine("It runs.")
	if p.PID == 0 {
		a.saw("process", controlSocket, "none; the last one "+orNothing(p.LastExit))
		a.found(control.HealthFail, "It does not run; the last one "+orNothing(p.LastExit)+".", effect,
			"limpid starts it again, at once or within 10 s; if it does not stay, the log of the supervisor says why.")
		return a
	}
	age := f.At.Sub(pulse.Begun)
	a.saw("process", controlSocket, fmt.Sprintf("pid %d, for %s", p.PID, span(age)))
	a.saw("restarts", controlSocket, fmt.Sprint(p.Restarts))
	if pulse.Beat.IsZero() {
		a.saw("last sign of life", beat, "none yet")
	} else {
		a.saw("last sign of life", beat, span(f.At.Sub(pulse.Beat))+" ago")
	}
	if age > rest+silence && f.At.Sub(pulse.Beat) > silence {
		a.found(control.HealthFail, "It runs and gives no sign of life.", effect, "limpid kills it and starts it again. If that repeats, the box may be overloaded.")
	}
	if p.Restarts > 0 && age < lately && !strings.Contains(p.LastExit, settingsChanged) {
		a.found(control.HealthWarn, fmt.Sprintf("It was started again %s ago, since the one before %s.", span(age), orNothing(p.LastExit)),
			"What it carried was cut off.", "Read its last words in the log of the supervisor; if it happens again, it is worth a report.")
	}
	return a
}

// settingsChanged is how the supervisor ends a child that is to get new settings.
const settingsChanged = "settings have changed"

func orNothing(exit string) string {
	if exit == "" {
		return "has not been there yet"
	}
	return brief(exit)
}

func judgeGate(f *Facts) answer {
	if f.Known == nil {
		return unasked()
	}
	return judgeProcess(f, f.Known.Status.Gate, f.Known.Gate, f.Config.Watchdog.Timeout, scoreboard, bridgedNow)
}

func judgeProxy(f *Facts) answer {
	if f.Known == nil {
		return unasked()
	}
	return judgeProcess(f, f.Known.Status.Proxy, f.Known.Proxy, f.Config.Watchdog.Timeout, scoreboard,
		bridgedNow+" Connections that wait are tunnelled by the gate.")
}

// pageSilence is longer than the supervisor waits between two questions and for an answer.
const pageSilence = 20 * time.Second

func judgeWeb(f *Facts) answer {
	if f.Known == nil {
		return unasked()
	}
	s := f.Known.Status.Web
	if len(s.Listen) == 0 {
		return fine("There is none (web.listen).")
	}
	const effect = "The page cannot be reached. The wire does not need it."
	a := judgeProcess(f, s.Process, f.Known.Web, pageSilence, "answers to the supervisor", effect)
	if !s.PasswordSet {
		a.saw("password", controlSocket, "not set: the first one to open the page sets it")
	}
	if problems := f.problems("web page: ", "page's password: "); len(problems) > 0 {
		a.found(control.HealthWarn, list(problems)+".", effect, "The text says what to do.")
	}
	return a
}

func judgeHealth(f *Facts) answer {
	if f.Known == nil {
		return unasked()
	}
	w := f.Config.Watchdog
	old := max(w.Timeout, 3*w.Interval)
	a := fine("A request went through gate and proxy just now.")
	if f.Known.Passed.IsZero() {
		a.saw("last check that passed", "watchdog", "none")
	} else {
		a.saw("last check that passed", "watchdog", span(f.At.Sub(f.Known.Passed))+" ago")
	}
	const mend = "See the checks of gate and proxy; if both are well, the box may be overloaded."
	switch {
	case f.Known.Failure != "":
		a.saw("last check", "watchdog", brief(f.Known.Failure))
		a.found(control.HealthFail, "The last check failed: "+brief(f.Known.Failure)+".", bridgedNow, mend)
	case f.Known.Passed.IsZero() && f.Known.Status.Mode == control.Starting:
		a.found(control.HealthUnknown, "None has ended yet: limpid is starting.", bridgedNow, "Look again in a few seconds.")
	case f.Known.Passed.IsZero() || f.At.Sub(f.Known.Passed) > old:
		a.found(control.HealthFail, fmt.Sprintf("None has passed for %s, and one is made every %s.", span(f.At.Sub(f.Known.Passed)), span(w.Interval)), bridgedNow, mend)
	}
	return a
}
