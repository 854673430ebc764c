package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// spread is the median of some values and their extremes.
type spread struct {
	median, min, max float64
	n                int
}

// spreadOf leaves values as they are. Medians, not means: one round that was
// disturbed moves a mean, and says nothing of the subject.
func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	v := slices.Sorted(slices.Values(values))
	// Of an even number, the mean of the two in the middle.
	half := len(v) / 2
	median := v[half]
	if len(v)%2 == 0 {
		median = (v[half-1] + v[half]) / 2
	}
	return spread{median, v[0], v[len(v)-1], len(v)}
}

// String is "median (min-max)", "-" without values, and the value alone if
// there is one.
func (s spread) String() string {
	switch s.n {
	case 0:
		return "-"
	case 1:
		return number(s.median)
	}
	return fmt.Sprintf("%s (%s-%s)", number(s.median), number(s.min), number(s.max))
}

// number writes three digits that matter, or all of a larger whole number.
func number(v float64) string {
	if v == 0 {
		return "0"
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	return strconv.FormatFloat(v, 'f', digits, 64)
}
