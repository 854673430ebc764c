package lab

import (
	"slices"
	"testing"
)

func TestMetricsAreParsed(t *testing.T) {
	m, err := parseMetrics("# HELP a_total Text 1\n# TYPE a_total counter\na_total 3\nb{c=\"d e\"} 1.5e+09\nh_bucket{le=\"+Inf\"} 2\n")
	if err != nil || len(m) != 3 || m["a_total"] != 3 || m[`b{c="d e"}`] != 1.5e9 || m[`h_bucket{le="+Inf"}`] != 2 {
		t.Errorf("%v, %v", m, err)
	}
	for _, bad := range []string{"a", "a b", "a 1 \n"} {
		if m, err := parseMetrics(bad); err == nil {
			t.Errorf("%q is read as %v", bad, m)
		}
	}
}

func TestMetricsThatFell(t *testing.T) {
	before := Metrics{"a_total": 3, "b_total": 3, "c_total": 3, "gauge": 3, "h_sum": 3, `limpid_process_cpu_seconds_total{process="gate"}`: 3}
	got := Metrics{"a_total": 3, "b_total": 2, "gauge": 1, "h_sum": 2.5}.Fell(before)
	slices.Sort(got)
	if want := []string{"b_total is 2, was 3", "c_total is gone, was 3", "h_sum is 2.5, was 3"}; !slices.Equal(got, want) {
		t.Errorf("fell: %q, want %q", got, want)
	}
}
