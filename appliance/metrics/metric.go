package metrics

import "limpid/proxy/scoreboard"

// kind is a metric's type.
type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
)

// emit gives one sample: its value, and one for each label.
type emit = func(value float64, labels ...string)

// metric is one row of docs/metrics.md.
type metric struct {
	name   string
	kind   kind
	help   string // stands for itself: Prometheus shows it alone
	labels []string
	// read gives the samples; a histogram has a distribution instead.
	read         func(s *scrape, emit emit)
	distribution scoreboard.Histogram
}

// group is a section of docs/metrics.md.
type group struct {
	title   string
	metrics []metric
}

// groups are all metrics, in the order of the documentation.
func groups() []group {
	return []group{
		{"Mode", modeMetrics()},
		{"Failures", watchdogMetrics()},
		{"Connections", flowMetrics()},
		{"The gate's verdicts", gateMetrics()},
		{"HTTP", httpMetrics()},
		{"Latencies", latencyMetrics()},
		{"Ports", portMetrics()},
		{"Processes", processMetrics()},
	}
}

func metrics() (all []metric) {
	for _, g := range groups() {
		all = append(all, g.metrics...)
	}
	return all
}

// single is a metric without labels, read from the state.
func single(name string, k kind, help string, read func(s *scrape) float64) metric {
	return metric{name: name, kind: k, help: help, read: func(s *scrape, emit emit) { emit(read(s)) }}
}

// gateCell is a counter without labels that is a cell of the gate's board.
func gateCell(name string, c scoreboard.Cell, help string) metric {
	return single(name, counter, help, func(s *scrape) float64 { return float64(s.Gate.Get(c)) })
}

// proxyCell is the same of the proxy's board.
func proxyCell(name string, c scoreboard.Cell, help string) metric {
	return single(name, counter, help, func(s *scrape) float64 { return float64(s.Proxy.Get(c)) })
}

// labelled is a cell with the values of its labels.
type labelled struct {
	cell   scoreboard.Cell
	values []string
}

// proxyCells is a counter whose samples are cells of the proxy's board.
func proxyCells(name, help string, labels []string, cells ...labelled) metric {
	return metric{name: name, kind: counter, help: help, labels: labels, read: func(s *scrape, emit emit) {
		for _, c := range cells {
			emit(float64(s.Proxy.Get(c.cell)), c.values...)
		}
	}}
}

// gateCells is the same of the gate's board.
func gateCells(name, help string, labels []string, cells ...labelled) metric {
	return metric{name: name, kind: counter, help: help, labels: labels, read: func(s *scrape, emit emit) {
		for _, c := range cells {
			emit(float64(s.Gate.Get(c.cell)), c.values...)
		}
	}}
}

// states are the samples of a state set: 1 for the one that holds, 0 for the others.
func states(emit emit, now string, all ...string) {
	for _, state := range all {
		emit(truth(state == now), state)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
