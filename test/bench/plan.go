package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// plan is what a run does.
type plan struct {
	rounds   int
	duration time.Duration // of one load
	subjects []subject
}

// newPlan checks the flags. seconds are whole since wrk's are; only and loads
// are names separated by commas, empty for all.
func newPlan(rounds, seconds int, only, loads string) (plan, error) {
	if rounds < 1 || seconds < 1 {
		return plan{}, fmt.Errorf("plan %d rounds of %d s: both must be at least 1", rounds, seconds)
	}
	p := plan{rounds: rounds, duration: time.Duration(seconds) * time.Second}
	var err error
	p.subjects, err = choose("-only", only, subjects(p), func(s subject) string { return s.name })
	if err != nil {
		return plan{}, err
	}
	// A subject without any of the chosen loads still takes its turn: its fidelity
	// is checked.
	for i := range p.subjects {
		s := &p.subjects[i]
		if s.loads, err = choose("-loads", loads, s.loads, func(l load) string { return l.key }); err != nil {
			return plan{}, err
		}
	}
	return p, nil
}

// choose keeps those that a flag names, in their own order; all if it is empty.
func choose[T any](flag, value string, all []T, name func(T) string) ([]T, error) {
	if value == "" {
		return all, nil
	}
	wanted := strings.Split(value, ",")
	var kept []T
	for _, t := range all {
		if slices.Contains(wanted, name(t)) {
			kept = append(kept, t)
		}
	}
	return kept, known(flag, wanted)
}

// known is an error if one of the names is of no subject and no load.
func known(flag string, wanted []string) error {
	names := map[string][]string{"-loads": {keyIdle, keyKeepAlive, keyNew, keyBulk, keyPastSmall, keyPastBulk}}
	for _, s := range subjects(plan{}) {
		names["-only"] = append(names["-only"], s.name)
	}
	for _, name := range wanted {
		if !slices.Contains(names[flag], name) {
			return fmt.Errorf("plan %s: no %q: there are %s", flag, name, strings.Join(names[flag], ", "))
		}
	}
	return nil
}

// order is that of one round: each starts with the next subject, so that none
// always follows the same one.
func (p plan) order(round int) []subject {
	n := round % len(p.subjects)
	return slices.Concat(p.subjects[n:], p.subjects[:n])
}
