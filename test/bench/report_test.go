package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   string
	}{
		{nil, "-"},
		{[]float64{0}, "0"},
		{[]float64{12.3456}, "12.3"},
		{[]float64{3, 1, 2}, "2.00 (1.00-3.00)"},
		{[]float64{4, 1, 2, 3}, "2.50 (1.00-4.00)"},
		{[]float64{0.01234, 5, 123456}, "5.00 (0.0123-123456)"},
	} {
		if got := spreadOf(c.values).String(); got != c.want {
			t.Errorf("%v: got %s, want %s", c.values, got, c.want)
		}
	}
}

// fakeTurn spends that many microseconds a request.
func fakeTurn(micros int) turn {
	f := figure{
		work:   work{requests: 1000, bytes: 1e9, elapsed: time.Second, p99: 3 * time.Millisecond, held: 2048},
		cpu:    map[string]time.Duration{partProxy: time.Duration(micros) * time.Millisecond},
		client: 50, box: 50, server: 100,
	}
	return turn{map[string]figure{keyKeepAlive: f, keyBulk: f, keyIdle: f}, fidelity{portKept: true}}
}

func fakeResults(t *testing.T) *results {
	t.Helper()
	p, err := newPlan(3, 1, "haproxy,limpid,squid", "")
	if err != nil {
		t.Fatal(err)
	}
	r := newResults(p)
	r.turns[standard] = []turn{fakeTurn(20), {}, fakeTurn(40)}
	r.turns[ours] = []turn{fakeTurn(10), fakeTurn(99), fakeTurn(10)}
	r.turns["squid"] = []turn{{}, {}, {}}
	r.notes = []string{"round 2, haproxy: gone"}
	return r
}

// Only rounds that both have are compared.
func TestRatioIsOfTheSameRound(t *testing.T) {
	got := fakeResults(t).ratio(ours, keyKeepAlive, standard, microsPerRequest(""))
	if want := (spread{median: 0.375, min: 0.25, max: 0.5, n: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestReport(t *testing.T) {
	text := fakeResults(t).report(machine{kernel: "Linux 6.12", cpu: "some CPU", cores: 2, versions: []string{"HAProxy 2.6"}}, "go run ./test/bench", "")
	for _, want := range []string{
		"- CPU: some CPU, 2 cores", "- HAProxy 2.6\n", "rounds: 3; a load lasts 1s",
		"| HAProxy | 30.0 (20.0-40.0) | 1.00 (1.00-1.00) |",
		"| limpid  | 10.0 (10.0-99.0) | 0.375 (0.250-0.500) |",
		"| 2.00 (2.00-2.00) |", "address and port", "- round 2, haproxy: gone\n",
	} {
		if !strings.Contains(squeeze(text), squeeze(want)) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, absent := range []string{"Squid |", keyNew + " ", "NaN", "Inf", "## Past limpid"} {
		if strings.Contains(squeeze(text), absent) {
			t.Errorf("%q in\n%s", absent, text)
		}
	}
}

// The chart is named above the figures, and sections come below them.
func TestReportNamesTheChart(t *testing.T) {
	r := fakeResults(t)
	r.sections = []string{"## Another section\n"}
	text := r.report(machine{}, "", "performance.svg")
	picture, figures, section := strings.Index(text, "](performance.svg)"), strings.Index(text, "## Targets"), strings.Index(text, "## Another section")
	if picture < 0 || figures < picture || section < figures {
		t.Errorf("chart at %d, targets at %d, section at %d of\n%s", picture, figures, section, text)
	}
}

// A report's chart lies beside it, and both are written.
func TestWrite(t *testing.T) {
	out := filepath.Join(t.TempDir(), "figures.md")
	var told strings.Builder
	if err := fakeResults(t).write(out, machine{}, "a command", &told); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil || string(text) != told.String() || !strings.Contains(told.String(), "](figures.svg)") {
		t.Errorf("%v: wrote\n%s\nand told\n%s", err, text, told.String())
	}
	svg, err := os.ReadFile(strings.TrimSuffix(out, ".md") + ".svg")
	if err != nil || !strings.HasPrefix(string(svg), "<svg ") {
		t.Errorf("chart: %v, %.40q", err, svg)
	}
}

// What the virtual machine measures is told as ratios alone.
func TestHandshakes(t *testing.T) {
	p, err := planOf(1, 1, "", "", guestSubjects)
	if err != nil {
		t.Fatal(err)
	}
	r := newResults(p)
	for name, each := range map[string]int64{bareWire: 400, standard: 200, ours: 100, mirrored: 50} {
		churned := figure{work: work{requests: each, elapsed: time.Second, stalls: 400 / each}, cpu: map[string]time.Duration{partProxy: time.Second}}
		var times []time.Duration
		for i := range 20 {
			times = append(times, time.Duration(400/each)*time.Duration(i+1)*time.Millisecond)
		}
		r.turns[name] = []turn{{figures: map[string]figure{keyNew: churned, keyPacedNew: {work: work{requests: 20, times: times, elapsed: time.Second}}}}}
	}
	text := squeeze(r.handshakes().String())
	for _, want := range []string{
		"| limpid, accept | 0.250 | 0.500 | 2.00 | 4.00 | 4.00 | 4.00 | 0 | 0 |",
		"| limpid, mirror | 0.125 | 0.250 | 4.00 | 8.00 | 8.00 | 8.00 | 0 | 0 |",
		"emulated",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

// squeeze makes runs of spaces one.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestTableLinesUp(t *testing.T) {
	text := table{title: "T", header: []string{"", "CPU, µs"}, rows: [][]string{{"long name", "1"}, {"x", "123456789"}}}.String()
	want := "## T\n\n" +
		"|           |   CPU, µs |\n" +
		"| --------- | --------: |\n" +
		"| long name |         1 |\n" +
		"| x         | 123456789 |\n"
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		rounds, seconds int
		only, loads     string
		want            string
	}{
		{0, 1, "", "", "at least 1"}, {1, 0, "", "", "at least 1"},
		{1, 1, "nginx", "", `no "nginx"`}, {1, 1, "limpid,", "", `no ""`}, {1, 1, "", "fast", `no "fast"`},
	} {
		if _, err := newPlan(c.rounds, c.seconds, c.only, c.loads); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v", c, err)
		}
	}
	p, err := newPlan(1, 1, "limpid,haproxy", "new,idle")
	if err != nil || len(p.subjects) != 2 || p.subjects[0].name != standard || len(p.subjects[0].loads) != 2 {
		t.Errorf("got %+v, %v", p, err)
	}
	// Everybody is first once.
	all, err := newPlan(1, 1, "", "")
	if err != nil {
		t.Fatal(err)
	}
	var first []string
	for round := range all.subjects {
		order := all.order(round)
		if len(order) != len(all.subjects) {
			t.Fatalf("round %d has %d subjects", round, len(order))
		}
		first = append(first, order[0].name)
	}
	slices.Sort(first)
	if len(slices.Compact(first)) != len(all.subjects) {
		t.Errorf("first are %v", first)
	}
}

func TestFigureIsRefused(t *testing.T) {
	cpu := map[string]time.Duration{partProxy: time.Second}
	for _, c := range []struct {
		name string
		f    figure
		way  way
		bare bool
		good bool
	}{
		{"all taken", figure{cpu: cpu, client: 1000, box: 1000}, captured, false, true},
		{"a tenth bridged", figure{cpu: cpu, client: 1000, box: 900}, captured, false, false},
		{"no CPU", figure{client: 1000, box: 1000}, captured, false, false},
		{"past the proxy", figure{client: 1000}, past, false, true},
		{"bare wire", figure{client: 1000}, captured, true, true},
		{"bare wire that takes", figure{client: 1000, box: 1}, captured, true, false},
	} {
		if err := c.f.check(load{way: c.way}, c.bare); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Another way of limpid's own has its row and its footnote; the chart shows limpid once.
func TestOtherWayIsInTablesAlone(t *testing.T) {
	p, err := newPlan(1, 1, "haproxy,limpid,limpid-sets", keyNew)
	if err != nil {
		t.Fatal(err)
	}
	r := newResults(p)
	for _, s := range p.subjects {
		r.turns[s.name] = []turn{{figures: map[string]figure{keyNew: fakeTurn(10).figures[keyKeepAlive]}}}
	}
	if text := r.report(machine{}, "test", ""); !strings.Contains(text, "| limpid, sets† ") || !strings.Contains(text, "\n†The same limpid") {
		t.Errorf("no row, or no footnote, in\n%s", text)
	}
	if words := texts(t, r.chart().svg()); strings.Contains(words, "sets") || !strings.Contains(words, "limpid\n") {
		t.Errorf("the chart has %s", words)
	}
}
