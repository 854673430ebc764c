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
	crowd    int           // connections at once of the load without a rate
	rateNew  float64       // connections a second of the load that keeps one
	subjects []subject
}

// newPlan checks the flags. seconds are whole since wrk's are; only and loads
// are names separated by commas, empty for all.
func newPlan(rounds, seconds int, only, loads string) (plan, error) {
	return planOf(rounds, seconds, only, loads, subjects)
}

// planOf makes a plan of some subjects.
func planOf(rounds, seconds int, only, loads string, list func(plan) []subject) (plan, error) {
	if rounds < 1 || seconds < 1 {
		return plan{}, fmt.Errorf("plan %d rounds of %d s: both must be at least 1", rounds, seconds)
	}
	p := plan{rounds: rounds, duration: time.Duration(seconds) * time.Second, crowd: clientConnections, rateNew: rateNew}
	all := list(p)
	var names []string
	for _, s := range all {
		names = append(names, s.name)
	}
	var err error
	if p.subjects, err = choose("-only", only, all, names, func(s subject) string { return s.name }); err != nil {
		return plan{}, err
	}
	for i := range p.subjects {
		s := &p.subjects[i]
		if s.loads, err = choose("-loads", loads, s.loads, loadKeys(), func(l load) string { return l.key }); err != nil {
			return plan{}, err
		}
	}
	return p, nil
}

// choose keeps those that a flag names, in their own order; all if it is empty.
// It refuses a name that is none of those there are.
func choose[T any](flag, value string, all []T, names []string, name func(T) string) ([]T, error) {
	if value == "" {
		return all, nil
	}
	wanted := strings.Split(value, ",")
	for _, w := range wanted {
		if !slices.Contains(names, w) {
			return nil, fmt.Errorf("plan %s: no %q: there are %s", flag, w, strings.Join(names, ", "))
		}
	}
	var kept []T
	for _, t := range all {
		if slices.Contains(wanted, name(t)) {
			kept = append(kept, t)
		}
	}
	return kept, nil
}

// order is that of one round: each starts with the next subject, so that none
// always follows the same one.
func (p plan) order(round int) []subject {
	n := round % len(p.subjects)
	return slices.Concat(p.subjects[n:], p.subjects[:n])
}

// has says whether any subject has a load.
func (p plan) has(keys ...string) bool {
	return slices.ContainsFunc(p.subjects, func(s subject) bool {
		return slices.ContainsFunc(s.loads, func(l load) bool { return slices.Contains(keys, l.key) })
	})
}

// subject finds one of the plan's; ok is false if it is not among them.
func (p plan) subject(name string) (s subject, ok bool) {
	i := slices.IndexFunc(p.subjects, func(s subject) bool { return s.name == name })
	if i < 0 {
		return subject{}, false
	}
	return p.subjects[i], true
}
