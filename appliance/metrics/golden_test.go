package metrics

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"limpid/appliance/control"
	"limpid/proxy/scoreboard"
)

var update = flag.Bool("update", false, "write testdata/metrics.txt and the table of docs/metrics.md")

// example is a box on which every metric has a figure of its own.
func example() *collector {
	gate, proxy := scoreboard.Local(), scoreboard.Local()
	// Every counter cell is its own number and some, so that two that are
	// mixed up show.
	for c := range scoreboard.GateGoroutines + 1 {
		gate.Set(c, uint64(100+c))
	}
	for c := range scoreboard.TunnelBy + 4 {
		proxy.Set(c, uint64(200+c))
	}
	var tally scoreboard.Tally
	tally.Transaction(scoreboard.GET, 200, scoreboard.Forward)
	tally.Transaction(scoreboard.GET, 204, scoreboard.Forward)
	tally.Transaction(scoreboard.POST, 0, scoreboard.Abort)
	tally.Transaction(scoreboard.OtherMethod, 503, scoreboard.Tunnel)
	tally.Observe(scoreboard.UpstreamConnect, 300*time.Microsecond)
	tally.Observe(scoreboard.FirstByte, 15*time.Millisecond)
	tally.Observe(scoreboard.FirstByte, 16*time.Millisecond)
	tally.Observe(scoreboard.Total, 2*time.Minute)
	tally.Flush(proxy)
	c := newCollector(Sources{
		Gate: gate, Proxy: proxy, Version: `1.2 "beta"`, Causes: []string{"operator", "proxy"},
		TunnelReasons: []string{"", "tls", "", "http2-preface"},
		State: func() State {
			return State{
				Mode: control.Bypass, Cause: "proxy", Since: time.UnixMilli(1750000000250), Capture: "broute", Handshake: "mirror",
				Problems: 2, LastGap: 12500 * time.Microsecond, Gaps: 3, ChecksPassed: 400, ChecksFailed: 5,
				Active: 7, Captured: 800, Bridged: 90, Refused: 4, Most: 65536, Bypass: true,
				Ports: []Port{
					{Side: "lan", Up: true, Carrier: true, Counted: true, Received: Traffic{1001, 1002, 1003, 1004}, Sent: Traffic{1005, 1006, 1007, 1008}},
					{Side: "wan", Up: true}, // unplugged just now
				},
				Self: Process{Name: "supervise", PID: 10, Begun: time.Unix(1750000000, 0)},
				Children: []Process{
					{Name: "gate", PID: 11, Begun: time.Unix(1750000001, 0), Restarts: 1, Spent: 2 * time.Second},
					{Name: "proxy", Restarts: 6, Spent: 3 * time.Second},
				},
			}
		},
	})
	c.usage = func(pid int) (usage, error) {
		return usage{cpu: time.Duration(pid) * 10 * time.Millisecond, resident: uint64(pid) << 20, descriptors: pid * 2}, nil
	}
	return c
}

// text is what a scrape of c gives.
func text(t *testing.T, c *collector) string {
	t.Helper()
	// Pedantic: it holds what is collected to what was described.
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := write(&b, registry); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextIsExactlyThis(t *testing.T) {
	got := strings.ReplaceAll(text(t, example()), runtime.Version(), "GOVERSION")
	const golden = "testdata/metrics.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-%s +now; if that is right, run go test ./appliance/metrics -update:\n%s", golden, diff)
	}
}

func TestNamesAreWhatPrometheusAdvises(t *testing.T) {
	problems, err := testutil.CollectAndLint(example())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestEveryMetricIsExported catches a row that reads nothing.
func TestEveryMetricIsExported(t *testing.T) {
	got := text(t, example())
	for _, m := range metrics() {
		if !strings.Contains(got, "\n# TYPE "+m.name+" "+string(m.kind)+"\n") && !strings.HasPrefix(got, "# HELP "+m.name+" ") {
			t.Errorf("%s is not exported as a %s", m.name, m.kind)
		}
	}
	if n := strings.Count(got, "# TYPE "); n != len(metrics()) {
		t.Errorf("%d metrics are exported, %d are declared", n, len(metrics()))
	}
}

// TestEveryCellIsSeen: a counter that nobody can read is not worth counting.
func TestEveryCellIsSeen(t *testing.T) {
	// Active flows are told by the State; the cache is not built yet, and the
	// verdicts of requests say more.
	elsewhere := map[string]bool{"gate CarriedEnded": true, "proxy BytesFromCache": true, "proxy CacheHits": true, "proxy CacheMisses": true, "proxy HealthEnded": true, "proxy HealthTaken": true}
	type cell struct {
		name  string
		board func(*collector) *scoreboard.Board
		cell  scoreboard.Cell
	}
	gate := func(c *collector) *scoreboard.Board { return c.sources.Gate }
	proxy := func(c *collector) *scoreboard.Board { return c.sources.Proxy }
	var cells []cell
	for c := range scoreboard.GateGoroutines + 1 {
		cells = append(cells, cell{"gate " + nameIf(c == scoreboard.CarriedEnded, "CarriedEnded"), gate, c})
	}
	names := map[scoreboard.Cell]string{scoreboard.CacheHits: "CacheHits", scoreboard.CacheMisses: "CacheMisses", scoreboard.BytesFromCache: "BytesFromCache",
		scoreboard.HealthEnded: "HealthEnded", scoreboard.HealthTaken: "HealthTaken"}
	for c := range scoreboard.TunnelBy {
		cells = append(cells, cell{"proxy " + names[c], proxy, c})
	}
	for _, c := range cells {
		box := example()
		before := text(t, box)
		c.board(box).Add(c.cell, 1_000_000)
		if seen := text(t, box) != before; seen == elsewhere[c.name] {
			t.Errorf("%s, cell %d: seen %v", c.name, c.cell, seen)
		}
	}
}

func nameIf(b bool, name string) string {
	if b {
		return name
	}
	return ""
}

func TestProcessThatEndsDuringTheScrape(t *testing.T) {
	c := example()
	c.usage = func(int) (usage, error) { return usage{}, errors.New("it is gone") }
	got := text(t, c)
	// What it used is not known, which is a gap in the figures; 0 would be a fall.
	for _, absent := range []string{`cpu_seconds_total{process="gate"}`, `resident_memory_bytes{process="gate"}`, `open_fds{process="gate"}`} {
		if strings.Contains(got, absent) {
			t.Errorf("has %s", absent)
		}
	}
	for _, present := range []string{`limpid_process_up{process="gate"} 1`, `limpid_process_cpu_seconds_total{process="proxy"} 3`} {
		if !strings.Contains(got, present+"\n") {
			t.Errorf("lacks %s", present)
		}
	}
}

// TestWildBoard: the proxy can write anything to its board, and a scrape must
// stay readable.
func TestWildBoard(t *testing.T) {
	c := example()
	for cell := range scoreboard.Transactions(scoreboard.OtherMethod, 5, scoreboard.Abort) + 50 {
		c.sources.Proxy.Set(cell, ^uint64(0)-uint64(cell))
	}
	got := text(t, c)
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	if n := strings.Count(got, "\nlimpid_http_requests_total{"); n != scoreboard.Methods*scoreboard.Classes*scoreboard.Verdicts {
		t.Errorf("%d kinds of requests", n)
	}
}

// TestScrapesAtOnce is for the race detector, and for what several see.
func TestScrapesAtOnce(t *testing.T) {
	c := example()
	exporter, err := New(c.sources)
	if err != nil {
		t.Fatal(err)
	}
	const scrapers = 8
	done := make(chan error, scrapers)
	for range scrapers {
		go func() {
			last := ""
			for range 20 {
				var b bytes.Buffer
				if err := exporter.Write(&b); err != nil {
					done <- err
					return
				}
				if b.Len() < len(last)/2 {
					done <- errors.New("a scrape lost half of the metrics")
					return
				}
				last = b.String()
			}
			done <- nil
		}()
	}
	for range 1000 {
		c.sources.Proxy.Add(scoreboard.Requests, 1)
	}
	for range scrapers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkScrape(b *testing.B) {
	exporter, err := New(example().sources)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := exporter.Write(new(bytes.Buffer)); err != nil {
			b.Fatal(err)
		}
	}
}
