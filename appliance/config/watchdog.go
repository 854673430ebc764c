package config

import "time"

// The interval has a lower bound so that the checks stay a small load, and the timeout an upper one since it is how
// long connections may go nowhere.
const (
	minInterval = 50 * time.Millisecond
	maxInterval = 10 * time.Second
	maxTimeout  = 60 * time.Second
)

// readWatchdog reads the times of the health check. The timeout spans two intervals at least: with less, one check that
// comes late by the scheduler's whim would take the box out of the wire.
func readWatchdog(t *table, to *Watchdog) {
	t.duration("interval", minInterval, maxInterval, &to.Interval)
	t.duration("timeout", 2*minInterval, maxTimeout, &to.Timeout)
	t.text("hardware", func(s string) error {
		if s == "" {
			to.Hardware = ""
			return nil
		}
		return takePath(&to.Hardware)(s)
	})
	if least := 2 * to.Interval; to.Timeout < least && t.doc.sound(t.key("interval"), t.key("timeout")) {
		// The file may have the interval only: the problem then belongs to the line that is there.
		if !t.doc.has(t.key("timeout")) {
			t.doc.report(t.key("interval"), "%q needs a timeout of at least %q, the default is %q; set timeout too",
				brief(to.Interval), brief(least), brief(to.Timeout))
			return
		}
		t.doc.report(t.key("timeout"), "%q is less than twice the interval %q; use at least %q",
			brief(to.Timeout), brief(to.Interval), brief(least))
	}
}
