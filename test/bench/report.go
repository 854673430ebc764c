package main

import (
	"fmt"
	"slices"
	"strings"
)

// about comes before the figures.
func (r *results) about() []string {
	text := []string{
		`limpid and its peers, one after another in the same place: inline in the bridge of a small network of namespaces, between
one client and one nginx (one worker). The peers get the traffic by the classic bridge-and-TPROXY recipe and run with their
threads, or workers, on every core. Nothing is cached or logged; everybody keeps connections alive and the client's
address. A figure counts only if nginx saw every request come from the client's own address, and the box's TCP took the
connections off the bridge. The configurations are in test/bench/config.`,
		`CPU is the time, user and system, of all of a proxy's processes; it holds the network stack's work that the kernel does
in their name. Each figure is the median of the rounds, then the least and the most; the subjects take turns within a
round. A ratio is the median of the ratios within each round. Client, server and proxy share the cores, so rates say little
of what a proxy can do alone, and figures of different runs or machines cannot be compared.`,
	}
	if slices.ContainsFunc(r.plan.subjects, func(s subject) bool { return s.mixes }) {
		text = append(text, `\*Traffic Server either opens a server connection for each request, or keeps and shares them. Shared ones
carry the requests of one client from the address of another, so the row with the asterisk is no transparent proxy's. It is
right here, where the load has one client, and it is Traffic Server's best case.`)
	}
	return text
}

// report is the whole of docs/performance.md.
func (r *results) report(m machine, command string) string {
	var b strings.Builder
	b.WriteString("# Performance\n\n<!-- Written by \"make bench\"; a change by hand is lost with its next run. -->\n")
	for _, paragraph := range r.about() {
		b.WriteString("\n" + wrap(paragraph))
	}
	b.WriteString("\n")
	b.WriteString(m.describe())
	fmt.Fprintf(&b, "- Command: `%s`; rounds: %d; a load lasts %s\n", command, r.plan.rounds, r.plan.duration)
	for _, t := range r.tables() {
		if len(t.rows) > 0 {
			b.WriteString("\n" + t.String())
		}
	}
	// Told, not hidden: a gap in a table has its reason below it.
	if len(r.notes) > 0 {
		b.WriteString("\n## What does not count\n\n")
		for _, note := range r.notes {
			b.WriteString("- " + note + "\n")
		}
	}
	return b.String()
}

// tables are all there could be; those without rows are left out.
func (r *results) tables() []table {
	return []table{
		r.requests("1 KiB on connections kept alive", keyKeepAlive),
		r.requests("1 KiB on a new connection each", keyNew),
		r.bodies(),
		r.idle(),
		r.parts(),
		r.bridged(),
	}
}

// rows makes one of each subject that has figures for the load.
func (r *results) rows(key string, cells func(s subject) []string) (rows [][]string) {
	for _, s := range r.plan.subjects {
		// Any value would do; what counts is that there is a figure.
		measured := func(figure) (float64, bool) { return 1, true }
		if r.values(s.name, key, measured).n > 0 {
			rows = append(rows, append([]string{s.title}, cells(s)...))
		}
	}
	return rows
}

// requests is a table of one of wrk's loads.
func (r *results) requests(title, key string) table {
	return table{
		title: title,
		text: fmt.Sprintf("wrk, one thread, %d connections. Server connections: how many the server accepted for each that the client opened; "+
			"a wire has 1.", clientConnections),
		header: []string{"", "CPU, µs a request", "of HAProxy's", "requests/s", "p99, ms", "server connections", "failed"},
		rows: r.rows(key, func(s subject) []string {
			return []string{
				r.values(s.name, key, microsPerRequest("")).String(), r.ratio(s.name, key, standard, microsPerRequest("")).String(),
				r.values(s.name, key, requestRate).String(), r.values(s.name, key, slowest).String(),
				r.values(s.name, key, serverConnections).String(), r.values(s.name, key, failures).String(),
			}
		}),
	}
}

// bodies is the table of bytes: their cost hardly depends on the number of
// connections, so rates are told for completeness alone.
func (r *results) bodies() table {
	return table{
		title:  "256 MiB bodies",
		text:   fmt.Sprintf("%d connections kept alive; a client that throws the bytes away in the kernel. GB are 10^9 bytes.", bulkConnections),
		header: []string{"", "CPU, s a GB", "of HAProxy's", "GB/s"},
		rows: r.rows(keyBulk, func(s subject) []string {
			return []string{
				r.values(s.name, keyBulk, secondsPerGB("")).String(), r.ratio(s.name, keyBulk, standard, secondsPerGB("")).String(),
				r.values(s.name, keyBulk, throughput).String(),
			}
		}),
	}
}

// idle is the table of what a connection holds, and of what is seen of it.
func (r *results) idle() table {
	return table{
		title: "An idle connection",
		text: fmt.Sprintf("Memory of the processes (Pss, without the kernel's sockets) for each of %d connections kept alive after one request, "+
			"beyond the first %d. Last column: what the server sees of the client.", idleMore, idleFirst),
		header: []string{"", "KiB a connection", "of HAProxy's", "server sees"},
		rows: r.rows(keyIdle, func(s subject) []string {
			return []string{
				r.values(s.name, keyIdle, heldKiB).String(), r.ratio(s.name, keyIdle, standard, heldKiB).String(), r.fidelity(s.name),
			}
		}),
	}
}

// parts tells where limpid's own time goes.
func (r *results) parts() table {
	t := table{
		title:  "limpid's CPU by process",
		header: []string{"", "proxy", "gate", "supervisor"},
	}
	for _, c := range []struct {
		title, key string
		cost       func(part string) metric
	}{
		{"kept alive, µs a request", keyKeepAlive, microsPerRequest},
		{"new connection, µs a request", keyNew, microsPerRequest},
		{"256 MiB bodies, s a GB", keyBulk, secondsPerGB},
	} {
		row := []string{c.title}
		for _, part := range []string{partProxy, partGate, partRest} {
			row = append(row, r.values(ours, c.key, c.cost(part)).String())
		}
		if row[1] != "-" {
			t.rows = append(t.rows, row)
		}
	}
	return t
}

// bridged compares the wire past an armed limpid with the bare one.
func (r *results) bridged() table {
	t := table{
		title: "Past limpid",
		text: "A port that is not intercepted, through an armed limpid and through a plain bridge in turn. The aim is a ratio " +
			"of at least 0.97.",
		header: []string{"", "plain bridge", "limpid armed", "ratio"},
	}
	for _, c := range []struct {
		title, key string
		m          metric
	}{
		{"1 KiB kept alive, requests/s", keyPastSmall, requestRate},
		{"256 MiB bodies, GB/s", keyPastBulk, throughput},
	} {
		ratio := r.ratio(ours, c.key, bareWire, c.m)
		if ratio.n > 0 {
			t.rows = append(t.rows, []string{c.title, r.values(bareWire, c.key, c.m).String(), r.values(ours, c.key, c.m).String(), ratio.String()})
		}
	}
	return t
}
