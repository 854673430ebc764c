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

// newPlan checks the flags; seconds are whole since wrk's are. only names
// subjects, separated by commas; empty is all of them.
func newPlan(rounds, seconds int, only string) (plan, error) {
	if rounds < 1 || seconds < 1 {
		return plan{}, fmt.Errorf("plan %d rounds of %d s: both must be at least 1", rounds, seconds)
	}
	p := plan{rounds: rounds, duration: time.Duration(seconds) * time.Second}
	all := subjects(p)
	if only == "" {
		p.subjects = all
		return p, nil
	}
	var names []string
	for _, s := range all {
		names = append(names, s.name)
	}
	wanted := strings.Split(only, ",")
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return plan{}, fmt.Errorf("plan -only %q: no %q: there are %s", only, name, strings.Join(names, ", "))
		}
	}
	for _, s := range all {
		if slices.Contains(wanted, s.name) {
			p.subjects = append(p.subjects, s)
		}
	}
	return p, nil
}

// order is that of one round: each starts with the next subject, so that none
// always follows the same one.
func (p plan) order(round int) []subject {
	n := round % len(p.subjects)
	return slices.Concat(p.subjects[n:], p.subjects[:n])
}
