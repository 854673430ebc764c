package main

import "fmt"

// target is one thing that limpid is to reach.
type target struct {
	what, key string
	m         metric
	// family is the peer it is set against, in the configuration that is best
	// at it; "" for a value that stands alone.
	family string
	limit  float64
	// atLeast: more is better, and limit the least; else limit is the most.
	atLeast bool
	unit    string // of a value that stands alone
}

// targets are all there are.
func targets() []target {
	request, gigabyte := microsPerRequest(""), secondsPerGB("")
	return []target{
		{what: "1 KiB kept alive: CPU a request", key: keyKeepAlive, m: request, family: familyHA, limit: 0.85},
		{what: "256 MiB bodies: CPU a GB", key: keyBulk, m: gigabyte, family: familyHA, limit: 0.25},
		{what: "256 MiB bodies: CPU a GB", key: keyBulk, m: gigabyte, family: familyATS, limit: 0.40},
		{what: "new connection each: CPU", key: keyNew, m: request, family: familyHA, limit: 1},
		{what: "new connection each: connections/s", key: keyNew, m: requestRate, family: familyHA, limit: 1, atLeast: true},
		{what: "idle connection: memory", key: keyIdle, m: heldKiB, limit: 6, unit: "KiB"},
		{what: "idle connection: memory", key: keyIdle, m: heldKiB, family: familyHA, limit: 1},
	}
}

// met compares the median.
func (t target) met(s spread) string {
	switch {
	case s.n == 0:
		return "not measured"
	case t.atLeast && s.median >= t.limit, !t.atLeast && s.median <= t.limit:
		return "met"
	}
	return "**not met**"
}

// bound is the target in words.
func (t target) bound() string {
	sign := "at most"
	if t.atLeast {
		sign = "at least"
	}
	if t.family == "" {
		return fmt.Sprintf("%s %g %s", sign, t.limit, t.unit)
	}
	return fmt.Sprintf("%s %.2f", sign, t.limit)
}

// best is the subject whose median is best among a family's, or among all
// peers with "": those that are neither limpid nor the wire. ok is false if
// none was measured.
func (r *results) best(t target, family string) (best subject, ok bool) {
	var record float64
	for _, s := range r.plan.subjects {
		if s.family == "" || s.family == familyOurs || family != "" && s.family != family {
			continue
		}
		v := r.values(s.name, t.key, t.m)
		if v.n > 0 && (!ok || t.atLeast && v.median > record || !t.atLeast && v.median < record) {
			best, record, ok = s, v.median, true
		}
	}
	return best, ok
}

// against is limpid's ratio to the best of a family, or of all peers, and that
// one's title.
func (r *results) against(t target, family string) (spread, string) {
	s, ok := r.best(t, family)
	if !ok {
		return spread{}, "-"
	}
	return r.ratio(ours, t.key, s.name, t.m), s.title
}

// reached is the table of targets.
func (r *results) reached() table {
	t := table{
		title: "Targets",
		text: `limpid's figure divided by a peer's: by that configuration of the peer which is best at it, and by the best of all
peers, whatever it is. Whether a target is met is decided by the median, and said by the command that wrote this page.`,
		header: []string{"", "target", "divided by", "reached", "", "the best of all peers", "limpid's to that"},
	}
	for _, g := range targets() {
		value, by := r.values(ours, g.key, g.m), "-"
		if value.n == 0 {
			continue
		}
		if g.family != "" {
			value, by = r.against(g, g.family)
		}
		all, name := r.against(g, "")
		t.rows = append(t.rows, []string{g.what, g.bound(), by, value.String(), g.met(value), name, all.String()})
	}
	return t
}
