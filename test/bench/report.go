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
one client and one nginx (one worker). The peers get the traffic by the classic bridge-and-TPROXY recipe, limpid by its own
rules; both methods take frames off the same kernel's bridge into the same kernel's TCP. All have as many threads, or workers,
as there are cores. Nothing is cached or logged to a file; everybody keeps connections alive and the client's address. A figure
counts only if nginx saw every request come from the client's own address, and the box's TCP took the connections off the
bridge. limpid keeps the client's port too (client_port = "keep"), the peers take ports of their own. The configurations are
in test/bench/config.`,
		`CPU is the time, user and system, of all of a proxy's processes; it holds the network stack's work that the kernel does
in their name. Each figure is the median of the rounds, then the least and the most; the subjects take turns within a
round. A ratio is the median of the ratios within each round. Where nothing else is said client, server and proxy share the
cores, so rates say little of what a proxy can do alone, and figures of different runs or machines cannot be compared.`,
	}
	if slices.ContainsFunc(r.plan.subjects, func(s subject) bool { return s.mixes }) {
		text = append(text, `\*Traffic Server either opens a server connection for each request, or keeps and shares them. Shared ones
carry the requests of one client from the address of another, and most of its clients' connections cost it none to the
server: the row with the asterisk is no transparent proxy's. It is right here, where the load has one client, and it is
Traffic Server's best case. One to one, which is what a wire needs, is the row without; it is measured where it can stand
the load.`)
	}
	if slices.ContainsFunc(r.plan.subjects, func(s subject) bool { return s.beside }) {
		text = append(text, `†The same limpid on a kernel without programs at the ports (before Linux 6.6, or without bpf(2)), or with
client_port = "any": it remembers flows in sets of nft (docs/rules.md).`)
	}
	return text
}

// report is the whole of docs/performance.md. chart is the name of the chart's
// file beside it, "" if there is none.
func (r *results) report(m machine, command, chart string) string {
	var b strings.Builder
	b.WriteString("# Performance\n\n<!-- Written by \"make bench\"; a change by hand is lost with its next run. -->\n")
	if chart != "" {
		fmt.Fprintf(&b, "\n![limpid beside its peers: the figures of the tables below as bars](%s)\n", chart)
	}
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
	// Of another machine, and of another way to look.
	for _, section := range r.sections {
		b.WriteString("\n" + section)
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
		r.reached(),
		r.keptAlive(),
		r.fresh(),
		r.sustained(),
		r.bodies(),
		r.pinned(),
		r.pinnedBodies(),
		r.latency(keyPacedLow, fmt.Sprintf("Latency at %d requests/s", rateLow), pacedText(clientConnections)),
		r.latency(keyPacedHigh, fmt.Sprintf("Latency at %d requests/s", rateHigh), pacedText(clientConnections)),
		r.latency(keyPacedNew, fmt.Sprintf("Latency at %d new connections/s", rateNew),
			"As before, with a new connection for each request: the handshake is part of the time."),
		r.idle(),
		r.parts(),
		r.bridged(),
	}
}

// pacedText explains the tables of latency.
func pacedText(width int) string {
	return fmt.Sprintf("1 KiB on %d connections kept alive, at a fixed rate: a request is made when it is due, whatever has become of those before, "+
		"and its time counts from then until its last byte. Percentiles of all rounds together, then the least and the most of a round; "+
		"\"added\" is what is left after the plain bridge's is taken away. All in µs.", width)
}

// rows makes one of each subject that has figures for the load.
func (r *results) rows(key string, cells func(s subject) []string) (rows [][]string) {
	for _, s := range r.plan.subjects {
		if r.measured(s.name, key) {
			rows = append(rows, append([]string{s.title}, cells(s)...))
		}
	}
	return rows
}

// measured says whether any round has a figure.
func (r *results) measured(subject, key string) bool {
	// Any value would do; what counts is that there is a figure.
	return r.values(subject, key, func(figure) (float64, bool) { return 1, true }).n > 0
}

// cells are the spreads of some metrics.
func (r *results) cells(s subject, key string, metrics ...metric) (row []string) {
	for _, m := range metrics {
		row = append(row, r.values(s.name, key, m).String())
	}
	return row
}

// cost is a metric and what it is to HAProxy's.
func (r *results) cost(s subject, key string, m metric) []string {
	return []string{r.values(s.name, key, m).String(), r.ratio(s.name, key, standard, m).String()}
}

const asWire = "Server connections: how many the server accepted for each that the client opened; a wire has 1."

// keptAlive is the table of wrk's load.
func (r *results) keptAlive() table {
	return table{
		title:  "1 KiB on connections kept alive",
		text:   fmt.Sprintf("wrk, one thread, %d connections. %s", clientConnections, asWire),
		header: []string{"", "CPU, µs a request", "of HAProxy's", "requests/s", "p99, ms", "server connections", "failed"},
		rows: r.rows(keyKeepAlive, func(s subject) []string {
			return append(r.cost(s, keyKeepAlive, microsPerRequest("")),
				r.cells(s, keyKeepAlive, requestRate, slowest, serverConnections, failures)...)
		}),
	}
}

// fresh is what a connection costs.
func (r *results) fresh() table {
	return table{
		title: "1 KiB on a new connection each",
		text: fmt.Sprintf("%d connections at once, each begun when another has ended, by a client that has only %d ports: it comes back "+
			"with each of them within seconds, as one with all ports does after a minute. The server closes. %s", clientConnections, churnPorts, asWire),
		header: []string{"", "CPU, µs a connection", "of HAProxy's", "connections/s", "of HAProxy's", "server connections"},
		rows: r.rows(keyNew, func(s subject) []string {
			return slices.Concat(r.cost(s, keyNew, microsPerRequest("")), r.cost(s, keyNew, requestRate), r.cells(s, keyNew, serverConnections))
		}),
	}
}

// sustained is how that rate was reached.
func (r *results) sustained() table {
	return table{
		title: "What those connections met",
		text: fmt.Sprintf("Connections in a round that failed, were reset (also after their answer), or stalled: took more than %s from "+
			"SYN to end, which means that something was lost and repeated.", stalled),
		header: []string{"", "p99 to the last byte, ms", "longest, ms", "stalled", "reset", "failed"},
		rows: r.rows(keyNew, func(s subject) []string {
			return r.cells(s, keyNew, slowest, longestMillis, stalls, resets, failures)
		}),
	}
}

// bodies is the table of bytes: their cost hardly depends on the number of
// connections, so rates are told for completeness alone.
func (r *results) bodies() table {
	text := fmt.Sprintf("%d connections kept alive; a client that throws the bytes away in the kernel. GB are 10^9 bytes. ", bulkConnections)
	if best, ok := r.best(target{key: keyBulk, m: secondsPerGB("")}, familyHA); ok {
		text += "HAProxy as it is copies every byte; splice-auto lets it choose; splice is option splice-request and splice-response. " +
			"The cheapest of them here: " + best.title + "."
	}
	return table{
		title:  "256 MiB bodies",
		text:   text,
		header: []string{"", "CPU, s a GB", "of HAProxy's", "GB/s"},
		rows: r.rows(keyBulk, func(s subject) []string {
			return append(r.cost(s, keyBulk, secondsPerGB("")), r.cells(s, keyBulk, throughput)...)
		}),
	}
}

const pinnedText = "The proxy, all of its processes, has one core and one thread or worker; client and server have the rest. Busy is how much of " +
	"its core the proxy used: where that is far from 100, client or server were the limit, and the proxy could do more."

// pinned and pinnedBodies are what one core can do.
func (r *results) pinned() table {
	return table{
		title:  "One core: 1 KiB kept alive",
		text:   pinnedText,
		header: []string{"", "requests/s", "of HAProxy's", "busy, %", "CPU, µs a request", "of HAProxy's"},
		rows: r.rows(keyPinned, func(s subject) []string {
			return slices.Concat(r.cost(s, keyPinned, requestRate), r.cells(s, keyPinned, busy), r.cost(s, keyPinned, microsPerRequest("")))
		}),
	}
}

func (r *results) pinnedBodies() table {
	return table{
		title:  "One core: 256 MiB bodies",
		text:   "The same with bodies.",
		header: []string{"", "Gbit/s", "of HAProxy's", "busy, %", "CPU, s a GB", "of HAProxy's"},
		rows: r.rows(keyPinnedBulk, func(s subject) []string {
			return slices.Concat(r.cost(s, keyPinnedBulk, gigabits), r.cells(s, keyPinnedBulk, busy), r.cost(s, keyPinnedBulk, secondsPerGB("")))
		}),
	}
}

// latency is the table of a load at a fixed rate.
func (r *results) latency(key, title, text string) table {
	return table{
		title: title, text: text,
		header: []string{"", "p50", "added", "p99", "added", "p99.9", "added", "failed"},
		rows: r.rows(key, func(s subject) (row []string) {
			for _, q := range []float64{0.5, 0.99, 0.999} {
				added := r.added(s.name, key, q).String()
				if s.name == bareWire {
					added = "-"
				}
				row = append(row, r.pooled(s.name, key, q).String(), added)
			}
			return append(row, r.values(s.name, key, failures).String())
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
			return append(r.cost(s, keyIdle, heldKiB), r.fidelity(s.name))
		}),
	}
}

// parts tells where limpid's own time goes.
func (r *results) parts() table {
	t := table{
		title:  "limpid's CPU by process",
		header: []string{"", partProxy, partGate, partRest},
	}
	for _, c := range []struct {
		title, key string
		cost       func(part string) metric
	}{
		{"kept alive, µs a request", keyKeepAlive, microsPerRequest},
		{"new connection, µs a connection", keyNew, microsPerRequest},
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
	const aim = 0.97
	t := table{
		title: "Past limpid",
		text: fmt.Sprintf("A port that is not intercepted, through an armed limpid and through a plain bridge in turn. The target is a ratio "+
			"of at least %g.", aim),
		header: []string{"", "plain bridge", "limpid armed", "ratio", ""},
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
			t.rows = append(t.rows, []string{
				c.title, r.values(bareWire, c.key, c.m).String(), r.values(ours, c.key, c.m).String(), ratio.String(),
				target{limit: aim, atLeast: true}.met(ratio),
			})
		}
	}
	return t
}
