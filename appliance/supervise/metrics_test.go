package supervise

import (
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"limpid/appliance/control"
)

// samples scrapes a box.
func (b *box) samples(t *testing.T) map[string]float64 {
	t.Helper()
	var text strings.Builder
	if err := b.client.Metrics(t.Context(), &text); err != nil {
		t.Fatal(err)
	}
	samples := map[string]float64{}
	for line := range strings.Lines(text.String()) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("sample %q: %v", line, err)
		}
		samples[name] = n
	}
	return samples
}

func TestMetricsOfTheBox(t *testing.T) {
	b := newBox(t)
	b.options.TunnelReasons = []string{"", "tls"}
	b.run(t)
	s := b.await(t, "inline", isInline)
	m := b.samples(t)
	for name, want := range map[string]float64{
		`limpid_mode{mode="inline"}`: 1, `limpid_mode{mode="bypass"}`: 0, `limpid_methods_info{capture="redirect",handshake="accept"}`: 1,
		"limpid_syns_captured_total": 11, "limpid_syns_bridged_total": 22, "limpid_gaps_total": 0, "limpid_bypass_ordered": 0,
		`limpid_process_up{process="gate"}`: 1, `limpid_process_up{process="supervise"}`: 1, `limpid_restarts_total{process="proxy"}`: 0,
		`limpid_port_carrier{port="lan"}`: 1, `limpid_port_carrier{port="wan"}`: 0, `limpid_not_http_total{reason="tls"}`: 0,
		`limpid_port_bytes_total{direction="received",port="lan"}`: 1234, `limpid_mode_cause{cause="proxy"}`: 0, `limpid_health_checks_total{result="failed"}`: 0,
	} {
		if got, ok := m[name]; !ok || got != want {
			t.Errorf("%s is %v (there: %v), want %v", name, got, ok, want)
		}
	}
	if m[`limpid_health_checks_total{result="passed"}`] < 1 || m["limpid_flows_taken_total"] < 1 {
		t.Errorf("%v checks passed, %v flows taken; want one of each", m[`limpid_health_checks_total{result="passed"}`], m["limpid_flows_taken_total"])
	}
	if _, there := m[`limpid_port_bytes_total{direction="sent",port="wan"}`]; there {
		t.Error("a port that is missing has carried something")
	}
	since := time.UnixMilli(int64(m["limpid_mode_since_timestamp_seconds"] * 1e3))
	if d := since.Sub(s.Since).Abs(); d > time.Millisecond {
		t.Errorf("mode since %v, status says %v", since, s.Since)
	}
}

// TestProcessorTimeNeverFalls kills a child over and over while it is asked.
func TestProcessorTimeNeverFalls(t *testing.T) {
	b := newBox(t)
	b.run(t)
	b.await(t, "inline", isInline)
	const name = `limpid_process_cpu_seconds_total{process="proxy"}`
	last, scrapes := 0.0, 0
	look := func() {
		now, known := b.samples(t)[name]
		if known && now < last {
			t.Fatalf("fell from %v to %v", last, now)
		} else if known {
			last = now
		}
		scrapes++
	}
	for n := range 3 {
		s := b.await(t, "with a proxy", func(s control.Status) bool { return isInline(s) && s.Proxy.Restarts == n })
		look()
		if err := syscall.Kill(s.Proxy.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for until := time.Now().Add(200 * time.Millisecond); time.Now().Before(until); {
			look()
		}
	}
	if last <= 0 || scrapes < 10 {
		t.Errorf("%d scrapes, %v s in all", scrapes, last)
	}
}

// TestMetricsWithoutAChild: what cannot run is 0, not absent.
func TestMetricsWithoutAChild(t *testing.T) {
	b := newBox(t)
	b.settings.Refuse = "proxy"
	b.run(t)
	b.await(t, "without a proxy", func(s control.Status) bool { return s.Proxy.LastExit != "" })
	m := b.samples(t)
	if up, there := m[`limpid_process_up{process="proxy"}`]; up != 0 || !there || m[`limpid_mode_cause{cause="proxy"}`] != 1 {
		t.Errorf("up %v (there: %v), cause %v", up, there, m[`limpid_mode_cause{cause="proxy"}`])
	}
	if _, there := m[`limpid_process_cpu_seconds_total{process="proxy"}`]; !there {
		t.Error("what the proxy used before it ended is gone")
	}
}

func TestEveryCauseIsListed(t *testing.T) {
	now := time.Now()
	for name, change := range map[string]func(*Inputs){
		"stopping": func(in *Inputs) { in.Stopping = true }, "ordered": func(in *Inputs) { in.Bypass.On = true },
		"rules": func(in *Inputs) { in.Rules = "x" }, "wire": func(in *Inputs) { in.Wire = "x" },
		"gate": func(in *Inputs) { in.Gate = Child{Ended: "x"} }, "proxy": func(in *Inputs) { in.Proxy = Child{Ended: "x"} },
		"health": func(in *Inputs) { in.Check = Failed }, "full": func(in *Inputs) { in.Full = true },
		"unknown": func(in *Inputs) { in.Check = Unchecked },
	} {
		in := well()
		change(&in)
		if cause := in.decide(now).Cause; cause == NoCause || !slices.Contains(causes(), cause) {
			t.Errorf("%s: cause %q is not among %q", name, cause, causes())
		}
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(causes())))); n != 9 {
		t.Errorf("%d causes, want 9", n)
	}
}
