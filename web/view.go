package web

import (
	"fmt"
	"strings"
	"time"

	"limpid/appliance/control"
)

// Tones of a state: what it looks like.
const (
	good = "good"
	warn = "warn"
	bad  = "bad"
	idle = "idle"
)

// view is what the page shows.
type view struct {
	frame
	Word, Tone, Why string
	Since           moment
	Until           moment // when the ordered bypass ends by itself
	Forever         bool   // it does not
	Ordered         bool   // there is one

	Wire     wire
	Counters []counter
	Alarms   []alarm
	Count    int // of alarms, which whoever has not logged in is told alone
	Trial    *trialView
	Traffic  *traffic // for whoever has logged in
	Tops     *tops    // likewise

	FirstRun, Silent bool
	Offer            bool // the first steps
	Choices          []choice
}

// moment is a time as seen from now. What moves in it moves in the browser by itself,
// by the box's clock and not by the browser's.
type moment struct {
	At      string // on the box's clock; empty: none
	Seconds int    // since then, or until then
	Text    string
}

// leftUntil is a moment that is still to come.
func leftUntil(at, now time.Time, zone *time.Location) moment {
	left := at.Sub(now)
	return moment{at.In(zone).Format(time.TimeOnly), seconds(left), left.Round(time.Second).String()}
}

// counter is a number with its name, and where the rows behind it are, if there are
// some. Key is the name it has in the stream.
type counter struct{ Name, Value, Hint, Rows, Key string }

// silent is said when the supervisor does not answer.
const silent = "The box's supervisor does not answer. The kernel bridges new connections meanwhile."

// viewOf says what is shown of what is known. Without login only what harms nobody is:
// whether the wire is whole, what becomes of new connections and since when, and how
// many alarms there are. That is what somebody in front of the box wants to know
// first, and what whoever is on the wire can find out anyway. Names, addresses, texts
// of errors, counters and the version are for those who have logged in: they tell
// what is used, by how many, and what it might be open to.
func viewOf(l look, loggedIn bool, now time.Time) view {
	v := view{frame: frame{LoggedIn: loggedIn}, FirstRun: l.err == nil && l.hash == "", Choices: choices()}
	if l.err != nil {
		v.Silent, v.Word, v.Tone, v.Why = true, "UNKNOWN", bad, silent
		v.Wire = wireOf(control.Wire{}, control.Frames{}, v)
		return v
	}
	s, zone := l.status, l.zone()
	alarms := alarmsOf(s)
	v.Word, v.Tone, v.Why = stateOf(s, len(alarms), loggedIn)
	v.Since = moment{s.Since.In(zone).Format(time.DateTime + " MST"), seconds(now.Sub(s.Since)), ago(now.Sub(s.Since))}
	v.Ordered = s.Bypass.On
	v.Forever = v.Ordered && s.Bypass.Until.IsZero()
	if v.Ordered && !v.Forever {
		v.Until = leftUntil(s.Bypass.Until, now, zone)
	}
	v.Count = len(alarms)
	v.Wire = wireOf(s.Wire, s.Frames, v)
	if loggedIn {
		v.Alarms, v.Counters = alarms, countersOf(s)
		if t := s.Trial; t != nil {
			v.Trial = trialOf(&control.SettingsTrial{Who: t.Who, Until: t.Until, Left: t.Left}, zone)
		}
	}
	return v
}

// stateOf is the one word that people look for. Green is only what a request of the
// box's own has just gone through, which is what "inline" says, with nothing to mend.
func stateOf(s control.Status, alarms int, details bool) (word, tone, why string) {
	switch {
	case s.Mode == control.Starting:
		return "STARTING", idle, "New connections are bridged until the first health check has passed."
	case s.Mode == control.Bypass && s.Bypass.On:
		return "BYPASS", warn, "Ordered by a person: new connections go straight over the bridge."
	case s.Mode == control.Bypass && details:
		return "BYPASS", bad, "New connections go straight over the bridge: " + s.Reason + "."
	case s.Mode == control.Bypass:
		return "BYPASS", bad, "Something is wrong, and new connections go straight over the bridge. Log in to see what."
	case !s.Wire.LAN.Carrier || !s.Wire.WAN.Carrier:
		return "DEGRADED", warn, "New connections are captured, but a cable has no link."
	case alarms > 0:
		return "DEGRADED", warn, "New connections are captured, but something is to be mended."
	}
	return "INLINE", good, "New connections are captured; the health check passes."
}

func countersOf(s control.Status) []counter {
	all := []counter{
		{"Active now", number(s.Flows.Active), "connections being carried", "/flows", "active"},
		{"Captured", number(s.Flows.Captured), "connections since limpid started", "", "captured"},
		{"Bridged", number(s.Flows.Bridged), "connections left on the wire", "", "bridged"},
		{"Requests", number(s.Requests), "forwarded by the proxy", "/log", "requests"},
	}
	if asked := s.Cache.Hits + s.Cache.Misses; asked > 0 {
		all = append(all, counter{
			Name: "From cache", Value: fmt.Sprintf("%d %%", 100*s.Cache.Hits/asked), Hint: number(s.Cache.Hits) + " of " + number(asked), Rows: "/log?verdict=hit",
		})
	}
	return append(all, counter{"Last gap", number(uint64(max(s.LastGapMS, 0))) + " ms", "without service, at most, at the last failure", "/drill", "last_gap"})
}

// number groups digits by three, with a space that does not break (ISO 80000-1, 7.3.1).
func number(n uint64) string {
	digits := fmt.Sprint(n)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(d)
	}
	return b.String()
}

func seconds(d time.Duration) int { return max(0, int(d/time.Second)) }

// ago is a time for people: its two largest units. live.js says the same.
func ago(d time.Duration) string {
	s := seconds(d)
	const minute, hour, day = 60, 3600, 24 * 3600
	switch {
	case s < minute:
		return fmt.Sprintf("%d s", s)
	case s < hour:
		return fmt.Sprintf("%d min %d s", s/minute, s%minute)
	case s < day:
		return fmt.Sprintf("%d h %d min", s/hour, s%hour/minute)
	}
	return fmt.Sprintf("%d d %d h", s/day, s%day/hour)
}

// sentence makes an error one for people.
func sentence(err error) string {
	return capital(err.Error()) + "."
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
