// Package metrics says what limpid counts in Prometheus's text format. It owns
// the names, their help and the registry; it counts nothing itself: each scrape
// reads the scoreboards, what the supervisor knows and /proc, and forgets it
// again. It must never ask a child or wait for one: a scrape works while
// everything else hangs.
package metrics
