package main

// results holds what was measured: by subject, the turns of each round.
type results struct {
	plan  plan
	turns map[string][]turn // by subject; one for each round, perhaps without figures
	// sections come after the tables, in Markdown with their headings.
	sections []string
	// notes tell what does not count, and why.
	notes []string
}

// newResults is empty: turns are added as they are over.
func newResults(p plan) *results {
	return &results{plan: p, turns: map[string][]turn{}}
}

// metric is a value of a figure; ok is false if the figure has none.
type metric func(figure) (value float64, ok bool)

// values takes a metric from every round that has it.
func (r *results) values(subject, key string, m metric) spread {
	var list []float64
	for _, t := range r.turns[subject] {
		if f, found := t.figures[key]; found {
			if v, ok := m(f); ok {
				list = append(list, v)
			}
		}
	}
	return spreadOf(list)
}

// ratio divides one subject's value by another's.
func (r *results) ratio(subject, key string, to string, m metric) spread {
	return r.compare(subject, key, to, m, func(v, by float64) (float64, bool) { return v / by, by != 0 })
}

// compare compares two subjects round by round, so that what slows down a round
// cancels out.
func (r *results) compare(subject, key string, to string, m metric, with func(v, by float64) (float64, bool)) spread {
	var list []float64
	for round, t := range r.turns[subject] {
		if round >= len(r.turns[to]) {
			break
		}
		f, found := t.figures[key]
		base, foundBase := r.turns[to][round].figures[key]
		if !found || !foundBase {
			continue
		}
		v, ok := m(f)
		by, okBase := m(base)
		if !ok || !okBase {
			continue
		}
		if v, ok = with(v, by); ok {
			list = append(list, v)
		}
	}
	return spreadOf(list)
}

// fidelity says what the server sees of a client in every round: "address and
// port", "address", or "address*" if a second client's can be the first's.
func (r *results) fidelity(subject string) string {
	all := fidelity{portKept: true}
	for _, t := range r.turns[subject] {
		if len(t.figures) > 0 {
			all.portKept = all.portKept && t.portKept
			all.addressMixed = all.addressMixed || t.addressMixed
		}
	}
	switch {
	case all.addressMixed:
		return "address*"
	case all.portKept:
		return "address and port"
	}
	return "address"
}

// requestRate is of answered requests; failed ones are told apart.
func requestRate(f figure) (float64, bool) {
	return float64(f.requests) / f.elapsed.Seconds(), true
}

// gigabytes a second, of 10^9 bytes.
func throughput(f figure) (float64, bool) {
	return float64(f.bytes) / 1e9 / f.elapsed.Seconds(), true
}

// microsPerRequest and secondsPerGB are CPU time of one part, or of all with "".
func microsPerRequest(part string) metric {
	return func(f figure) (float64, bool) {
		t, ok := f.time(part)
		return t * 1e6 / float64(f.requests), ok
	}
}

func secondsPerGB(part string) metric {
	return func(f figure) (float64, bool) {
		t, ok := f.time(part)
		return t * 1e9 / float64(f.bytes), ok
	}
}

// time is that of one part, or of all with "". ok is false if there is no such
// part: the wire has none, and only limpid has more than one.
func (f figure) time(part string) (seconds float64, ok bool) {
	if part == "" {
		return f.spent().Seconds(), len(f.cpu) > 0
	}
	t, ok := f.cpu[part]
	return t.Seconds(), ok
}

// busy is how much of a core its processes had, in percent.
func busy(f figure) (float64, bool) {
	return 100 * f.spent().Seconds() / f.elapsed.Seconds(), len(f.cpu) > 0
}

// slowest is the 99th percentile of a request's time, in milliseconds: as wrk
// saw it, or our own client.
func slowest(f figure) (float64, bool) {
	t := f.p99
	if t == 0 {
		t, _ = percentile(f.times, 0.99)
	}
	return micros(t) / 1000, t > 0
}

// longestMillis is the longest that a connection took from its SYN to its end.
func longestMillis(f figure) (float64, bool) { return micros(f.longest) / 1000, true }

// stalls and resets are counts of connections.
func stalls(f figure) (float64, bool) { return float64(f.stalls), true }
func resets(f figure) (float64, bool) { return float64(f.resets), true }

// gigabits a second, of 10^9 bits of body.
func gigabits(f figure) (float64, bool) {
	v, ok := throughput(f)
	return 8 * v, ok
}

// failures are requests without a good answer.
func failures(f figure) (float64, bool) { return float64(f.failed), true }

// serverConnections for each that the client opened: 1 is what a wire does.
func serverConnections(f figure) (float64, bool) {
	return float64(f.server) / float64(f.client), f.client > 0
}

// heldKiB is memory for each idle connection.
func heldKiB(f figure) (float64, bool) { return float64(f.held) / 1024, true }
