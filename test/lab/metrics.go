package lab

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Metrics are samples of one scrape, by name and labels as they are printed:
// limpid_mode{mode="inline"}.
type Metrics map[string]float64

// Metrics runs `limpid metrics`.
func (p *Limpid) Metrics(ctx context.Context) (Metrics, error) {
	out, err := p.Run(ctx, "metrics")
	if err != nil {
		return nil, err
	}
	return parseMetrics(string(out))
}

func parseMetrics(text string) (Metrics, error) {
	m := Metrics{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		// A label's value may hold spaces; the sample's may not.
		at := strings.LastIndexByte(line, ' ')
		if at < 0 {
			return nil, fmt.Errorf("read metrics: no value in %q", line)
		}
		value, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("read metrics: %q: %w", line, err)
		}
		m[line[:at]] = value
	}
	return m, nil
}

// Fell names the counters that are lower than they were, or gone. A process
// that ends during a scrape has no figure of its processor time in it.
func (m Metrics) Fell(before Metrics) []string {
	var fell []string
	for name, was := range before {
		family, _, _ := strings.Cut(name, "{")
		switch now, present := m[name]; {
		case !counts(family):
		case !present && family != "limpid_process_cpu_seconds_total":
			fell = append(fell, fmt.Sprintf("%s is gone, was %v", name, was))
		case present && now < was:
			fell = append(fell, fmt.Sprintf("%s is %v, was %v", name, now, was))
		}
	}
	return fell
}

func counts(family string) bool {
	for _, end := range []string{"_total", "_bucket", "_sum", "_count"} {
		if strings.HasSuffix(family, end) {
			return true
		}
	}
	return false
}
