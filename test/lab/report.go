package lab

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is a list of ended attempts, in the order they were begun, and
// figures taken from it.
type Report struct{ Attempts []Attempt }

// newReport sorts: attempts are recorded in the order they ended.
func newReport(attempts []Attempt) Report {
	list := slices.Clone(attempts)
	slices.SortFunc(list, func(a, b Attempt) int { return a.Began.Compare(b.Began) })
	return Report{list}
}

// Since keeps what was begun at t or later.
func (r Report) Since(t time.Time) Report {
	return r.where(func(a Attempt) bool { return !a.Began.Before(t) })
}

// Before keeps what was begun before t.
func (r Report) Before(t time.Time) Report {
	return r.where(func(a Attempt) bool { return a.Began.Before(t) })
}

// Over keeps what had ended by t, well or not.
func (r Report) Over(t time.Time) Report {
	return r.where(func(a Attempt) bool { return !a.Ended.After(t) })
}

// InFlight keeps what was begun before t and had not ended then.
func (r Report) InFlight(t time.Time) Report { return r.Met(t, t) }

// Met keeps what may have been in flight at something that happened between two times:
// begun before the later, and not ended at the earlier.
func (r Report) Met(begun, landed time.Time) Report {
	return r.where(func(a Attempt) bool { return a.Began.Before(landed) && a.Ended.After(begun) })
}

// Failed keeps the failures.
func (r Report) Failed() Report {
	return r.where(func(a Attempt) bool { return a.Err != nil })
}

// SlowerThan keeps what took longer than d.
func (r Report) SlowerThan(d time.Duration) Report {
	return r.where(func(a Attempt) bool { return a.Took() > d })
}

func (r Report) where(keep func(Attempt) bool) Report {
	var kept []Attempt
	for _, a := range r.Attempts {
		if keep(a) {
			kept = append(kept, a)
		}
	}
	return Report{kept}
}

// Count is the number of attempts.
func (r Report) Count() int { return len(r.Attempts) }

// Failures is the number of those that failed.
func (r Report) Failures() int { return len(r.Failed().Attempts) }

// Bytes is the sum of body bytes.
func (r Report) Bytes() (n int64) {
	for _, a := range r.Attempts {
		n += a.Bytes
	}
	return n
}

// Within is the time that the given share of the attempts took at most: 0.5 for the median.
func (r Report) Within(share float64) time.Duration {
	if len(r.Attempts) == 0 {
		return 0
	}
	took := make([]time.Duration, len(r.Attempts))
	for i, a := range r.Attempts {
		took[i] = a.Took()
	}
	slices.Sort(took)
	return took[min(int(share*float64(len(took))), len(took)-1)]
}

// Slowest is the longest attempt's time, failed or not; 0 if there is none.
func (r Report) Slowest() (d time.Duration) {
	for _, a := range r.Attempts {
		d = max(d, a.Took())
	}
	return d
}

// Gap is the longest time in which no attempt succeeded although some were
// due: from one success to the next, as by the ends of the attempts.
func (r Report) Gap() (d time.Duration) {
	var ends []time.Time
	for _, a := range r.Attempts {
		if a.Err == nil {
			ends = append(ends, a.Ended)
		}
	}
	slices.SortFunc(ends, time.Time.Compare)
	for i := 1; i < len(ends); i++ {
		d = max(d, ends[i].Sub(ends[i-1]))
	}
	return d
}

// Err joins the failures' errors, each kind once with how often it came.
func (r Report) Err() error {
	kinds := map[string]int{}
	for _, a := range r.Failed().Attempts {
		// Dial errors name the source port; what follows the last colon is why.
		s := a.Err.Error()
		kinds[strings.TrimSpace(s[strings.LastIndexByte(s, ':')+1:])]++
	}
	var errs []error
	for _, why := range slices.Sorted(maps.Keys(kinds)) {
		errs = append(errs, fmt.Errorf("%d attempts: %s", kinds[why], why))
	}
	return errors.Join(errs...)
}

// String is one line of figures.
func (r Report) String() string {
	return fmt.Sprintf("%d attempts, %d failures, slowest %s, gap %s, %d bytes",
		r.Count(), r.Failures(), r.Slowest().Round(time.Millisecond), r.Gap().Round(time.Millisecond), r.Bytes())
}
