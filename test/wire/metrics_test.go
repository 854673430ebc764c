package wire

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"limpid/test/lab"
)

func scrape(t *testing.T, p *lab.Limpid) lab.Metrics {
	t.Helper()
	m, err := p.Metrics(t.Context())
	must(t, err)
	return m
}

// awaitMetric waits until a sample has a value: the proxy carries its counts to
// where they are seen every 50 ms.
func awaitMetric(t *testing.T, p *lab.Limpid, name string, want float64) {
	t.Helper()
	var last lab.Metrics
	eventually(t, fmt.Sprintf("%s becomes %v", name, want), func() bool {
		last = scrape(t, p)
		if last[name] > want {
			t.Fatalf("%s is %v, want %v", name, last[name], want)
		}
		return last[name] == want
	})
}

// TestCountersNeverFall kills gate and proxy under three scrapers, each of which
// compares each scrape with the one before.
func TestCountersNeverFall(t *testing.T) {
	const connections, requests = 20, 5
	l, p := inline(t, basic)
	origin(t, l.S2)
	load := func() {
		t.Helper()
		for range connections {
			conn := dial(t, l.C1, "10.80.0.2:80")
			for range requests {
				get(t, conn, 100)
			}
			must(t, conn.Close())
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var scrapers sync.WaitGroup
	for range 3 {
		scrapers.Go(func() {
			var before lab.Metrics
			for n := 0; ; n++ {
				now, err := p.Metrics(ctx)
				if ctx.Err() != nil {
					if n < 3 {
						t.Errorf("only %d scrapes", n)
					}
					return
				}
				if err != nil {
					t.Errorf("scrape: %v", err)
					return
				}
				for _, fell := range now.Fell(before) {
					t.Error(fell)
				}
				before = now
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	load()
	rounds := 1
	const heads, captured = "limpid_http_request_heads_total", "limpid_syns_captured_total"
	awaitMetric(t, p, heads, connections*requests)
	for _, name := range []string{"proxy", "gate", "proxy"} {
		before := scrape(t, p)
		pid, err := p.ChildPID(t.Context(), name)
		must(t, err)
		must(t, syscall.Kill(pid, syscall.SIGKILL))
		restarts := fmt.Sprintf("limpid_restarts_total{process=%q}", name)
		awaitMetric(t, p, restarts, before[restarts]+1)
		must(t, p.WaitMode("inline", startTime))
		after := scrape(t, p)
		if after[heads] != before[heads] || after[captured] != before[captured] || after["limpid_flows_active"] != 0 {
			t.Errorf("%s killed: %v requests, %v SYNs captured, %v flows active; want %v, %v, 0", name,
				after[heads], after[captured], after["limpid_flows_active"], before[heads], before[captured])
		}
		started := fmt.Sprintf("limpid_process_start_time_seconds{process=%q}", name)
		if after[started] <= before[started] {
			t.Errorf("%s killed: started at %v, before that at %v", name, after[started], before[started])
		}
		load()
		rounds++
		awaitMetric(t, p, heads, float64(rounds*connections*requests))
	}
	stop()
	scrapers.Wait()
	m := scrape(t, p)
	if m[captured] != float64(rounds*connections) {
		t.Errorf("%v SYNs captured, want %d", m[captured], rounds*connections)
	}
	// Three kills while connections were captured are three gaps, and what was
	// killed has used processor time.
	if m["limpid_gaps_total"] != 3 || m[`limpid_process_cpu_seconds_total{process="proxy"}`] <= 0 {
		t.Errorf("%v gaps, %v s of the proxy", m["limpid_gaps_total"], m[`limpid_process_cpu_seconds_total{process="proxy"}`])
	}
}

// theMode is the one that the metrics say, which must be exactly one.
func theMode(t *testing.T, m lab.Metrics) string {
	t.Helper()
	mode := ""
	for _, name := range []string{"starting", "inline", "bypass"} {
		switch m[fmt.Sprintf("limpid_mode{mode=%q}", name)] {
		case 0:
		case 1:
			if mode != "" {
				t.Errorf("modes %s and %s at once", mode, name)
			}
			mode = name
		}
	}
	if mode == "" {
		t.Errorf("no mode in %v", m)
	}
	return mode
}

func TestMetricsInEveryMode(t *testing.T) {
	l := lab.New(t)
	origin(t, l.S2)
	p, err := l.StartLimpid(t.Context(), basic)
	must(t, err)
	// From the first moment that the socket answers.
	var m lab.Metrics
	eventually(t, "the first scrape", func() bool {
		m, err = p.Metrics(t.Context())
		return err == nil
	})
	if mode := theMode(t, m); mode != "starting" && mode != "inline" {
		t.Errorf("the first scrape says %s", mode)
	}
	series := len(m)
	must(t, p.WaitMode("inline", startTime))
	if mode := theMode(t, scrape(t, p)); mode != "inline" {
		t.Errorf("inline, and the metrics say %s", mode)
	}
	bypass(t, p)
	bridged := scrape(t, p)["limpid_syns_bridged_total"]
	get(t, dial(t, l.C1, "10.80.0.2:80"), 100)
	m = scrape(t, p)
	if theMode(t, m) != "bypass" || m[`limpid_mode_cause{cause="operator"}`] != 1 || m["limpid_bypass_ordered"] != 1 ||
		m["limpid_syns_bridged_total"] != bridged+1 || m["limpid_syns_captured_total"] != 0 {
		t.Errorf("in an ordered bypass with one connection: %v", m)
	}
	unbypass(t, p)
	// A child that hangs answers nobody; a scrape asks nobody.
	pid, err := p.ChildPID(t.Context(), "proxy")
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGSTOP))
	begun := time.Now()
	m = scrape(t, p)
	if len(m) < series || m[`limpid_process_resident_memory_bytes{process="proxy"}`] == 0 {
		t.Errorf("while the proxy hangs: %d samples, %d at first: %v", len(m), series, m)
	}
	t.Logf("scraped within %v of the stop", time.Since(begun))
	awaitMetric(t, p, `limpid_restarts_total{process="proxy"}`, 1)
	must(t, p.WaitMode("inline", startTime))
}

// TestVerdictsAreCounted: the gate's verdicts add up to the SYNs it was given.
func TestVerdictsAreCounted(t *testing.T) {
	l, p := mirrored(t)
	origin(t, l.S2)
	verdict := func(m lab.Metrics, verdict, reason string) float64 {
		return m[fmt.Sprintf("limpid_gate_verdicts_total{reason=%q,verdict=%q}", reason, verdict)]
	}
	// An emulated processor is late at times, and then all is bridged.
	eventually(t, "a SYN is captured, and one bridged since its server refuses", func() bool {
		get(t, dial(t, l.C1, "10.80.0.2:80"), 100)
		if conn, err := l.C1.Dial(within(t, 10*time.Second), "tcp", "", "10.77.0.101:80"); err == nil {
			_ = conn.Close()
			t.Fatal("a closed port took a connection")
		}
		m := scrape(t, p)
		return verdict(m, "capture", "") > 0 && verdict(m, "bridge", "refused") > 0
	})
	eventually(t, "every SYN has its verdict", func() bool {
		m := scrape(t, p)
		sum := verdict(m, "capture", "") + verdict(m, "drop", "duplicate")
		for _, reason := range []string{"full", "proxy", "refused", "slow", "other"} {
			sum += verdict(m, "bridge", reason)
		}
		return sum == m["limpid_gate_syns_total"]
	})
}
