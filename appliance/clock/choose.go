package clock

import "time"

// Known is what the time may be known from; the zero time is unknown.
type Known struct {
	System time.Time // as the kernel has it: from the clock chip, if its driver was quick
	RTC    time.Time // the clock chip
	Saved  time.Time // when the box last ran
	Built  time.Time // when the firmware was built
}

// Sources of the time.
const (
	FromSystem = "system"
	FromRTC    = "clock chip"
	FromSaved  = "last run"
	FromBuilt  = "firmware"

	FromNetwork = "network" // later, when servers have said it
	FromPerson  = "person"  // or somebody has, while none did
)

// drift is how much earlier than when the box last ran, or far later, a clock may
// say it is and still be believed.
const (
	drift = 10 * time.Minute
	ahead = 20 * 365 * 24 * time.Hour
)

// Choose gives the time to set, and where it is from. No clock that stands before
// the last run, or before the firmware was built, can be right: one with an empty
// battery says 1970 or 2000. One that is decades ahead of the firmware neither.
func Choose(k Known) (time.Time, string) {
	least, source := k.Built, FromBuilt
	if k.Saved.After(least) && !tooFar(k.Saved, k.Built) {
		least, source = k.Saved, FromSaved
	}
	believable := func(t time.Time) bool { return !t.IsZero() && !t.Before(least.Add(-drift)) && !tooFar(t, k.Built) }
	switch {
	case believable(k.System):
		return k.System, FromSystem
	case believable(k.RTC):
		return k.RTC, FromRTC
	case least.IsZero():
		return k.System, FromSystem
	}
	return least, source
}

func tooFar(t, built time.Time) bool { return !built.IsZero() && t.After(built.Add(ahead)) }
