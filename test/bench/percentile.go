package main

import (
	"math"
	"slices"
	"time"
)

// percentile is the time that a share q of all, 0 < q < 1, did not exceed: the
// one of the nearest rank, so a time that was really seen. ok is false when too
// few are known: of a thousandth one has to be sure of at least one.
func percentile(times []time.Duration, q float64) (t time.Duration, ok bool) {
	n := float64(len(times))
	// A share like 0.999 is not exact in binary.
	const rounding = 1e-9
	if n*(1-q) < 1-rounding {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(times))
	rank := int(math.Ceil(n*q - rounding))
	return sorted[max(rank, 1)-1], true
}

// at makes a metric of a percentile, in microseconds.
func at(q float64) metric {
	return func(f figure) (float64, bool) {
		t, ok := percentile(f.times, q)
		return micros(t), ok
	}
}

func micros(t time.Duration) float64 { return float64(t.Nanoseconds()) / 1000 }

// pooled is a percentile of all rounds together, in microseconds, with the
// least and the most of those rounds that have enough requests for one. The
// tail is rare: each round alone may not have seen it.
func (r *results) pooled(subject, key string, q float64) spread {
	var all []time.Duration
	for _, t := range r.turns[subject] {
		all = append(all, t.figures[key].times...)
	}
	t, ok := percentile(all, q)
	if !ok {
		return spread{}
	}
	s := r.values(subject, key, at(q))
	s.median = micros(t)
	if s.n == 0 {
		s.min, s.max, s.n = s.median, s.median, 1
	}
	return s
}

// added is a pooled percentile less the bare bridge's, round by round for its
// extremes.
func (r *results) added(subject, key string, q float64) spread {
	mine, bridge := r.pooled(subject, key, q), r.pooled(bareWire, key, q)
	if mine.n == 0 || bridge.n == 0 {
		return spread{}
	}
	s := r.compare(subject, key, bareWire, at(q), func(v, by float64) (float64, bool) { return v - by, true })
	s.median = mine.median - bridge.median
	if s.n == 0 {
		s.min, s.max, s.n = s.median, s.median, 1
	}
	return s
}
