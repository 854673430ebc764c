package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"limpid/appliance/control"
)

func judgeSlots(f *Facts) answer {
	if f.Known == nil {
		return unasked()
	}
	active, most := f.Known.Status.Flows.Active, uint64(max(f.Known.Most, 1))
	a := fine(fmt.Sprintf("There is: %d of %d are in use.", active, most))
	a.saw("connections carried", scoreboard, fmt.Sprint(active))
	a.saw("at most", "settings, descriptor limit", fmt.Sprint(most))
	if want := f.Config.Intercept.MaxConnections; f.Known.Most < want {
		a.saw("intercept.max_connections", "settings", fmt.Sprintf("%d, of which the descriptor limit allows %d", want, f.Known.Most))
	}
	const raise = "Raise intercept.max_connections, or LimitNOFILE where that is less."
	switch {
	case active >= most:
		a.found(control.HealthFail, fmt.Sprintf("All %d are in use.", most), bridgedNow, raise)
	case active >= most-most/10:
		a.found(control.HealthWarn, fmt.Sprintf("%d of %d are in use.", active, most), "When all are, new connections are bridged.", raise)
	}
	if d, ok := f.since(); ok {
		refused := up(f.Before.Refused, f.Now.Refused)
		a.saw("SYNs without a free slot", netfilter+", counters since "+d+" ago", fmt.Sprint(refused))
		if refused > 0 {
			a.found(control.HealthWarn, fmt.Sprintf("%s found no free slot in %s.", plural(refused, "SYN", "SYNs"), d), "They were bridged.", raise)
		}
	}
	return a
}

func judgeLog(f *Facts) answer {
	if f.Known == nil {
		return unasked()
	}
	d, ok := f.since()
	if !ok {
		return tooSoon()
	}
	where := scoreboard + ", since " + d + " ago"
	a := fine("No record was lost.")
	for _, count := range []struct {
		what, mend  string
		before, now uint64
		lost        bool
	}{
		{"records", "", f.Before.Records, f.Now.Records, false},
		{"records not taken", "The box is overloaded.", f.Before.Dropped, f.Now.Dropped, true},
		{"records not written to a file", "Look whether the disk is full or slow (log.path), or lower log.keep.", f.Before.FileDropped, f.Now.FileDropped, true},
		{"records not sent to the collector", "Look whether the collector answers (log.syslog).", f.Before.CollectorMissed, f.Now.CollectorMissed, true},
	} {
		n := up(count.before, count.now)
		a.saw(count.what, where, fmt.Sprint(n))
		if count.lost && n > 0 {
			a.found(control.HealthWarn, fmt.Sprintf("%s in %s: %d.", sentence(count.what), d, n), "None for traffic: requests are missing in the log.", count.mend)
		}
	}
	if problems := append(f.problems("log"), f.Known.Log...); len(problems) > 0 {
		a.found(control.HealthWarn, list(problems)+".", "None for traffic: requests may be missing in the log.", "The text says what to do.")
	}
	return a
}

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// oldest is a time before which no clock of a box can be right.
func oldest() time.Time { return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC) }

func judgeClock(f *Facts) answer {
	a := fine("It can be: it is after this program was written.")
	a.saw("time", "clock", f.At.UTC().Format(time.RFC3339))
	const effect = "None for traffic: times in the log are wrong."
	if f.Known != nil && f.Known.Status.Box != nil {
		source := f.Known.Status.Box.Clock
		a.saw("set from", "process 1", source)
		a.finding = "It was set from a source that can be right."
		if source == "firmware" || source == "last run" {
			a.found(control.HealthWarn, "Nobody has told the box the time; it goes on from that of its "+source+".", effect,
				"Name time servers that the box reaches (management.ntp), or change the clock's battery.")
		}
	}
	if f.At.Before(oldest()) {
		a.found(control.HealthWarn, "It is before this program was written.", effect, "Set the clock, or name time servers (management.ntp).")
	}
	return a
}

// storageAlarms are about what process 1 does with disks.
func isStorageAlarm(about string) bool {
	return about == "data" || about == "config" || about == "slots" || about == "last good settings" || strings.HasPrefix(about, "disk")
}

func judgeStorage(f *Facts) answer {
	if f.Known == nil {
		return unasked()
	}
	box := f.Known.Status.Box
	if box == nil {
		return fine("That is up to the host: limpid is a guest on it.")
	}
	a := fine("They are, on the box's disk.")
	a.saw("settings and logs", "process 1", orWord(string(box.Data), "not looked for yet"))
	a.saw("settings in effect", "process 1", orWord(string(box.Config), "not known"))
	switch box.Data {
	case control.DataMemory, control.DataReadOnly:
		a.found(control.HealthWarn, "They are kept in memory.", "None for traffic: changes and logs are lost with the power.",
			"The console names what is wrong with the disk.")
	case control.DataNowhere, control.DataDisk:
	}
	switch box.Config {
	case control.ConfigLastGood, control.ConfigDefaults:
		a.found(control.HealthWarn, fmt.Sprintf("The settings are not in effect, but the %s ones.", strings.TrimSuffix(string(box.Config), "s")),
			"limpid does not do what the settings say.", "Correct them on the page: they have a mistake, or did not work.")
	case control.ConfigSettings:
	}
	for _, alarm := range box.Alarms {
		if isStorageAlarm(alarm.About) {
			a.found(control.HealthWarn, brief(alarm.About+": "+alarm.Text)+".", "None for traffic.", "The text says what to do.")
		}
	}
	return a
}

func orWord(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func judgeReports(f *Facts) answer {
	if f.Known == nil {
		return unasked()
	}
	var texts []string
	for _, p := range f.Known.Status.Problems {
		spoken := slices.ContainsFunc(claimed(), func(b string) bool { return strings.HasPrefix(p, b) })
		if !spoken && !slices.Contains(f.Kernel.Bridge.Warnings, p) {
			texts = append(texts, p)
		}
	}
	if box := f.Known.Status.Box; box != nil {
		for _, alarm := range box.Alarms {
			if !isStorageAlarm(alarm.About) {
				texts = append(texts, alarm.About+": "+alarm.Text)
			}
		}
	}
	a := fine("It does not.")
	for _, text := range texts {
		a.saw("reported", controlSocket, brief(text))
	}
	if len(texts) > 0 {
		a.found(control.HealthWarn, list(texts)+".", "The text says which.", "The text says what to do; limpid tries again by itself.")
	}
	return a
}
