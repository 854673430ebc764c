package metrics

import (
	"fmt"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"limpid/proxy/scoreboard"
)

// Exporter writes the metrics. Its methods may be called at once by several.
type Exporter struct{ registry *prometheus.Registry }

// New makes an exporter with a registry of its own.
func New(s Sources) (*Exporter, error) {
	e := &Exporter{registry: prometheus.NewRegistry()}
	if err := e.registry.Register(newCollector(s)); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return e, nil
}

// Write writes all metrics as they are now, in Prometheus's text format 0.0.4.
func (e *Exporter) Write(w io.Writer) error { return write(w, e.registry) }

func write(w io.Writer, from prometheus.Gatherer) error {
	families, err := from.Gather()
	if err != nil {
		return fmt.Errorf("gather metrics: %w", err)
	}
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(w, family); err != nil {
			return fmt.Errorf("write metric %s: %w", family.GetName(), err)
		}
	}
	return nil
}

// collector is a prometheus.Collector that keeps nothing between scrapes.
type collector struct {
	sources Sources
	usage   func(pid int) (usage, error)
	metrics []metric
	descs   []*prometheus.Desc
}

func newCollector(s Sources) *collector {
	c := &collector{sources: s, usage: readUsage, metrics: metrics()}
	for _, m := range c.metrics {
		c.descs = append(c.descs, prometheus.NewDesc(m.name, m.help, m.labels, nil))
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := &scrape{Sources: c.sources, State: c.sources.State()}
	for _, p := range append([]Process{s.Self}, s.Children...) {
		s.processes = append(s.processes, measured{Process: p}.measure(c.usage))
	}
	for i, m := range c.metrics {
		desc := c.descs[i]
		if m.kind == histogram {
			out <- constHistogram(desc, s.Proxy.Distribution(m.distribution))
			continue
		}
		kind := prometheus.CounterValue
		if m.kind == gauge {
			kind = prometheus.GaugeValue
		}
		m.read(s, func(value float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(desc, kind, value, labels...)
		})
	}
}

func constHistogram(desc *prometheus.Desc, d scoreboard.Distribution) prometheus.Metric {
	buckets := make(map[float64]uint64, scoreboard.Buckets-1)
	var sum uint64
	for i := range scoreboard.Buckets - 1 {
		sum += d.Buckets[i]
		buckets[scoreboard.Bound(i).Seconds()] = sum
	}
	return prometheus.MustNewConstHistogram(desc, d.Count(), d.Sum.Seconds(), buckets)
}

// scrape is what one scrape sees.
type scrape struct {
	Sources
	State
	processes []measured
}

// measured is a process with what it uses.
type measured struct {
	Process
	usage
	known bool // usage is; it is not when the process ends just now
}

func (m measured) measure(read func(pid int) (usage, error)) measured {
	if m.PID == 0 {
		return m
	}
	var err error
	m.usage, err = read(m.PID)
	m.known = err == nil
	return m
}

// timestamp is a time as Prometheus wants it, in seconds, to the millisecond.
func timestamp(t time.Time) float64 { return float64(t.UnixMilli()) / 1e3 }
