package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/supervise"
	"limpid/proxy/leg"
)

// limpid runs a command line in this process.
func limpid(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(context.Background(), terminal{&out, &errs}, args)
	return code, out.String(), errs.String()
}

func TestMistakesAreOneLine(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.toml")
	if err := os.WriteFile(bad, []byte("[bridge]\nports = [\"a\", \"b\"]\nportz = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"frobnicate", exitUsage, `no command "frobnicate": see limpid help`},
		{"help frobnicate", exitUsage, `no command "frobnicate"`},
		{"status --jason", exitUsage, "-jason: see limpid status -h"},
		{"status extra", exitUsage, `"extra" is one argument too many`},
		{"status --run " + dir, exitFailed, "no limpid runs there"},
		{"neighbours --run " + dir, exitFailed, "no limpid runs there"},
		{"neighbours lan", exitUsage, `"lan" is one argument too many`},
		{"bypass", exitUsage, "on or off is missing"},
		{"bypass sideways", exitUsage, `"sideways": want on or off`},
		{"bypass on --for yesterday", exitUsage, "yesterday"},
		{"bypass on --for -1m", exitUsage, "above 0"},
		{"bypass off --for 1m", exitUsage, "bypass on only"},
		{"bypass --run " + dir + " on", exitFailed, "no limpid runs there"},
		{"drill --blow burn", exitUsage, "want kill or hang"},
		{"drill --run " + dir, exitFailed, "no limpid runs there"},
		{"flows --limit 0", exitUsage, "from 1"},
		{"flows --run " + dir, exitFailed, "no limpid runs there"},
		{"log --run " + dir, exitFailed, "no limpid runs there"},
		{"log -n 0", exitUsage, "want 1 to 1000"},
		{"log -n 1001", exitUsage, "want 1 to 1000"},
		{"log --json --squid", exitUsage, "want one of them"},
		{"log --status 4x", exitUsage, `filter status="4x": want a number like 404`},
		{"log --verdict maybe", exitUsage, "want one of forward, hit"},
		{"log --since yesterday", exitUsage, "want how long ago"},
		{"log all", exitUsage, `"all" is one argument too many`},
		{"capture --run " + dir, exitFailed, "no limpid runs there"},
		{"capture --side left", exitUsage, "--side left: want client, server or both"},
		{"capture --host example.net", exitUsage, "--host example.net: want an address"},
		{"capture --host fe80::1%eth0", exitUsage, "want an address"},
		{"capture --port 0", exitUsage, "want 1 to 65535"},
		{"capture --port 65536", exitUsage, "want 1 to 65535"},
		{"capture --vlan 4095", exitUsage, "want 1 to 4094"},
		{"capture --for 1ms", exitUsage, "want 1s to 10m0s"},
		{"capture --for 11m", exitUsage, "want 1s to 10m0s"},
		{"capture --size 4095", exitUsage, "want 4KiB to 64MiB"},
		{"capture --size 16MB", exitUsage, "is not a size"},
		{"capture out.pcapng", exitUsage, "one argument too many"},
		{"rules --run " + dir, exitFailed, "no limpid runs there"},
		{"metrics --run " + dir, exitFailed, "no limpid runs there"},
		{"reset", exitUsage, "nothing has happened, say --yes"},
		{"reset yes", exitUsage, "one argument too many"},
		{"reset --yes --run " + dir, exitFailed, "no limpid runs there"},
		{"check", exitUsage, "FILE is missing"},
		{"check " + dir + "/absent", exitFailed, dir + "/absent"},
		{"check " + bad, exitFailed, bad + ":3: "},
		{"bridge", exitUsage, "down is missing"},
		{"bridge up", exitUsage, `"up": want down`},
		{"bridge down -c " + dir + "/absent", exitFailed, dir + "/absent"},
		{"supervise -c", exitUsage, "-c"},
		{"supervise -c " + bad + " --run " + dir + "/run", exitFailed, bad + ":3: "},
		{"supervise --flow-timeout 1s", exitUsage, "at least 3s"},
		{"version 1", exitUsage, "too many"},
	} {
		t.Run(c.args, func(t *testing.T) {
			code, stdout, stderr := limpid(strings.Fields(c.args)...)
			if code != c.code || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 || stdout != "" {
				t.Errorf("code %d, stdout %q, stderr %q; want %d and one line with %q", code, stdout, stderr, c.code, c.want)
			}
		})
	}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	_, list, _ := limpid("help")
	for _, c := range commands() {
		for _, args := range [][]string{{c.name, "-h"}, {c.name, "--help"}, {"help", c.name}} {
			code, stdout, stderr := limpid(args...)
			if code != exitDone || stderr != "" || !strings.HasPrefix(stdout, "usage: limpid "+c.name) || !strings.Contains(stdout, c.summary) {
				t.Errorf("%v: code %d, stdout %q, stderr %q", args, code, stdout, stderr)
			}
		}
		if strings.Contains(list, "  "+c.name+" ") == c.hidden {
			t.Errorf("%s: in the list of commands: %v", c.name, !c.hidden)
		}
	}
	if code, _, stderr := limpid(); code != exitUsage || !strings.Contains(stderr, "supervise") {
		t.Errorf("without arguments: code %d, %q", code, stderr)
	}
	if code, stdout, _ := limpid("version"); code != exitDone || !strings.HasPrefix(stdout, "limpid "+version) {
		t.Errorf("version: code %d, %q", code, stdout)
	}
}

// backend is a supervisor that knows one answer to everything.
type backend struct {
	control.TokenKeeper
	control.SettingsKeeper
	control.Resetter
	control.PacketCapturer
	control.HeadKeeper
	control.Updater
	control.Beginner
	control.ClockSetter
	mu sync.Mutex
	on bool
	d  time.Duration

	checkup control.Checkup
	queries []control.LogQuery
	end     func() // ends who follows the log

	drill   *control.Drill
	outcome control.Drill

	ladder *control.Ladder
	wanted []control.LadderRequest
}

func (b *backend) BeginDrill(_ context.Context, r control.DrillRequest) error {
	if b.drill != nil {
		return control.Refuse(errors.New("another drill runs: wait until it has ended"))
	}
	b.drill = &control.Drill{Number: 1, Blow: r.Blow, Who: r.Who, Struck: time.Unix(1e9, 0), Running: true}
	return nil
}

func (b *backend) Drills(context.Context) (control.Drills, error) {
	d := control.Drills{Drills: []control.Drill{}}
	if b.drill != nil {
		d.Drills = append(d.Drills, *b.drill)
		*b.drill = b.outcome
		b.drill.Struck = time.Unix(1e9, 0)
	}
	return d, nil
}

func (b *backend) Status(context.Context) (control.Status, error) { return exampleStatus(), nil }
func (b *backend) History(context.Context, string) (control.History, error) {
	return control.History{}, nil
}
func (b *backend) Doctor(context.Context) (control.Checkup, error) { return b.checkup, nil }
func (b *backend) Explain(_ context.Context, q control.FlowQuestion) (control.FlowAnswer, error) {
	return control.FlowAnswer{Captured: control.CapturedNo, Answer: fmt.Sprintf("%v to %v:%d is not.", q.Client, q.Server, q.Port), Reasons: []control.FlowReason{
		{Sure: true, Text: "the mode is bypass", Mend: "End it."}, {Text: "It had a tag."}}}, nil
}
func (b *backend) LogTop(context.Context, int) (control.LogTop, error) { return control.LogTop{}, nil }
func (b *backend) ResetFlow(context.Context, uint64) error             { return nil }
func (b *backend) Log(_ context.Context, query control.LogQuery) (control.LogPage, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queries = append(b.queries, query)
	total := int64(5600)
	page := control.LogPage{Cursor: "run.1", Missed: 0, Problems: []string{}, Records: []control.LogRecord{}}
	switch query.After {
	case "":
		page.Records = []control.LogRecord{{
			Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local), Flow: 7, Client: netip.MustParseAddrPort("192.0.2.7:40000"),
			Server: netip.MustParseAddrPort("198.51.100.1:80"), Method: "GET", URL: "http://a.example/x\x1b[31m", Status: 200,
			Verdict: "forward", RequestBytes: 100, ResponseBytes: 2000, Total: &total,
		}}
	case "run.1":
		page.Cursor, page.Missed, page.Problems = "run.2", 3, []string{"ask proxy: control link is closed"}
		page.Records = []control.LogRecord{{Flow: 8, Client: netip.MustParseAddrPort("192.0.2.7:40000"), Server: netip.MustParseAddrPort("198.51.100.1:80"), Verdict: "tunnel", Reason: "tls"}}
	default:
		page.Cursor = "run.2"
		b.end()
	}
	return page, nil
}

func (b *backend) Rules(context.Context) (control.RuleList, error) {
	return control.RuleList{Text: "table bridge limpid {\n}\n"}, nil
}

func (b *backend) Metrics(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, "limpid_problems 1\n")
	return err
}

func (b *backend) Password(context.Context) (control.Password, error) { return control.Password{}, nil }

func (b *backend) SetPassword(context.Context, control.PasswordChange) error { return nil }

func (b *backend) SetReader(context.Context, control.PasswordChange) error { return nil }

func (b *backend) SetBypass(_ context.Context, on bool, d time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.on, b.d = on, d
	return nil
}

func (b *backend) Flows(_ context.Context, limit int) (control.FlowList, error) {
	return control.FlowList{Total: limit + 4, Problems: []string{"ask gate: no answer in time"}, Flows: []control.Flow{{
		ID: 7, Holder: "proxy", Client: netip.MustParseAddrPort("192.0.2.7:40000"), Server: netip.MustParseAddrPort("[2001:db8::1]:80"),
		Started: time.Now().Add(-90 * time.Second), Up: 100, Down: 2000, Requests: 3, Verdict: "tunnel", Reason: "tls",
	}}}, nil
}

func exampleStatus() control.Status {
	return control.Status{
		Mode: control.Bypass, Reason: "proxy was ended by SIGKILL", Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local),
		Capture: "broute", Handshake: "mirror", LastGapMS: 12, Requests: 5,
		Gate:  control.Process{PID: 10},
		Proxy: control.Process{Restarts: 2, LastExit: "was ended by SIGKILL"},
		Flows: control.Flows{Active: 1, Captured: 20, Bridged: 3}, Cache: control.Cache{Hits: 4, Misses: 6},
		Wire: control.Wire{
			LAN:    control.Link{Name: "eth0", Present: true, Up: true, Carrier: true, Speed: 1000},
			WAN:    control.Link{Name: "eth1", Present: true, Up: true},
			Bridge: control.Link{Name: "br0", Present: true, Up: true, Carrier: true},
		},
		Web: control.Page{
			Process: control.Process{PID: 11}, Listen: []string{":443", ":80"}, Fingerprint: "AB:CD", PasswordSet: true,
		},
		Problems: []string{"rules: install tables limpid: no space"},
	}
}

// answerOn answers on a real socket and returns its directory.
func answerOn(t *testing.T, b control.Backend) string {
	t.Helper()
	dir := t.TempDir()
	listener, err := control.Listen(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := control.Serve(ctx, listener, b); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return dir
}

func TestClientsOfTheSocket(t *testing.T) {
	b := &backend{}
	dir := answerOn(t, b)
	code, stdout, stderr := limpid("status", "--json", "--run", dir)
	var s control.Status
	if err := json.Unmarshal([]byte(stdout), &s); err != nil || code != exitDone || s.Proxy.Restarts != 2 || s.Reason != exampleStatus().Reason {
		t.Errorf("status --json: code %d, %+v, %v, %s", code, s, err, stderr)
	}
	if code, _, stderr := limpid("bypass", "on", "--for", "10m", "--run", dir); code != exitDone || !b.on || b.d != 10*time.Minute {
		t.Errorf("bypass on: code %d, backend has %v for %v, %s", code, b.on, b.d, stderr)
	}
	if code, _, stderr := limpid("bypass", "--run", dir, "off"); code != exitDone || b.on || b.d != 0 {
		t.Errorf("bypass off: code %d, backend has %v for %v, %s", code, b.on, b.d, stderr)
	}
	code, stdout, stderr = limpid("flows", "--limit", "1", "--run", dir)
	want := "CLIENT           SERVER              VLAN  AGE         UP   DOWN  REQUESTS  HOLDER  WHAT\n" +
		"192.0.2.7:40000  [2001:db8::1]:80    0     1 min 30 s  100  2000  3         proxy   tunnel (tls)\nand 4 more\n"
	if code != exitDone || strings.Join(strings.Fields(stdout), " ") != strings.Join(strings.Fields(want), " ") || stderr != "limpid flows: ask gate: no answer in time\n" {
		t.Errorf("flows: code %d, stdout\n%sstderr %q", code, stdout, stderr)
	}
	if code, stdout, _ := limpid("rules", "--run", dir); code != exitDone || stdout != "table bridge limpid {\n}\n" {
		t.Errorf("rules: code %d, %q", code, stdout)
	}
}

func TestMetricsArePrintedAsTheyCome(t *testing.T) {
	dir := answerOn(t, &backend{})
	if code, stdout, stderr := limpid("metrics", "--run", dir); code != exitDone || stdout != "limpid_problems 1\n" {
		t.Errorf("metrics: code %d, %q, %s", code, stdout, stderr)
	}
}

func TestLogForPeople(t *testing.T) {
	b := &backend{}
	dir := answerOn(t, b)
	const head = "TIME                CLIENT           STATUS  VERDICT         TIME      BYTES  REQUEST\n"
	const line = "01-02 03:04:05.000  192.0.2.7        200     forward      5.60 ms    2.0 KiB  GET http://a.example/x%1B[31m\n"
	code, stdout, stderr := limpid("log", "-n", "5", "--status", "2xx", "--min-time", "1ms", "--run", dir)
	if code != exitDone || stdout != head+line || stderr != "" {
		t.Errorf("log: code %d, stdout\n%sstderr %q", code, stdout, stderr)
	}
	if q := b.queries[0]; q.Limit != 5 || q.After != "" || len(q.Filter) != 2 || q.Filter["status"] != "2xx" || q.Filter["min_time"] != "1ms" {
		t.Errorf("the supervisor was asked %+v", q)
	}
	if code, stdout, _ := limpid("log", "--json", "--run", dir); code != exitDone || !strings.HasPrefix(stdout, `{"time":"`) ||
		!strings.HasSuffix(stdout, `"response_bytes":2000,"total_us":5600}`+"\n") {
		t.Errorf("log --json: code %d, %s", code, stdout)
	}
	if code, stdout, _ := limpid("log", "--squid", "--run", dir); code != exitDone || len(strings.Fields(stdout)) != 10 {
		t.Errorf("log --squid: code %d, %s", code, stdout)
	}
	// Following goes on from the cursor, through what is missed and through a
	// proxy that cannot be asked.
	ctx, cancel := context.WithCancel(t.Context())
	b.end = cancel
	var out, errs bytes.Buffer
	run(ctx, terminal{&out, &errs}, []string{"log", "-f", "--squid", "--run", dir})
	if lines := strings.Count(out.String(), "\n"); lines != 2 {
		t.Errorf("log -f printed %d lines:\n%s", lines, &out)
	}
	want := "limpid log: 3 records were gone before they could be shown\nlimpid log: ask proxy: control link is closed\n"
	if !strings.HasPrefix(errs.String(), want) {
		t.Errorf("log -f said %q, want %q", &errs, want)
	}
}

func TestStatusForPeople(t *testing.T) {
	var b bytes.Buffer
	s := exampleStatus()
	printStatus(&b, s, control.Neighbours{}, s.Since.Add(3*time.Hour+5*time.Minute))
	want := `bypass since 2026-01-02 03:04:05 (3 h 5 min): proxy was ended by SIGKILL
  clients   eth0 up, 1000 Mbit/s
  servers   eth1 no carrier
  bridge    br0 up
  capture   broute, handshake mirror
  flows     1 active, 20 captured, 3 bridged
  requests  5
  cache     4 hits, 6 misses
  gate      pid 10
  proxy     not running, restarted 2 times, before that it was ended by SIGKILL
  page      pid 11, listens on :443 :80
            certificate SHA-256 AB:CD
  last gap  12 ms
  problem   rules: install tables limpid: no space
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 59 * time.Second: "59 s", 61 * time.Second: "1 min 1 s", 3*time.Hour + 4*time.Minute: "3 h 4 min", 49 * time.Hour: "2 d 1 h",
	} {
		if got := ago(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// TestSettingsReachTheChildren goes through JSON, as the control link does:
// two fields of one name would drop out of it without an error.
func TestSettingsReachTheChildren(t *testing.T) {
	c, err := config.Parse("limpid.toml", []byte("[bridge]\nports = [\"eth0\", \"eth1\"]\n[proxy]\nnon_http = \"reset\"\n"+
		"head_limit = 5000\nline_limit = 4000\nfields_limit = 99\nhead_timeout = \"2s\"\nbody_timeout = \"3s\"\nidle_timeout = \"4s\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	told := supervise.Told{Config: c, Handshake: "mirror", Flows: 100, Loops: 3, Origin: netip.MustParseAddrPort("127.0.0.1:999"), Grace: 2 * time.Second}
	var gate gateLine
	pass(t, gateLineOf(told), &gate)
	if gate != gateLineOf(told) || gate.Handshake != "mirror" || gate.MaxConnections != 100 || !gate.KeepPort || !gate.KeepAddress ||
		gate.HealthOrigin != told.Origin || gate.OrphanGrace <= told.Grace {
		t.Errorf("gate is told %+v", gate)
	}
	var proxy proxyLine
	pass(t, proxyLineOf(told), &proxy)
	if proxy != proxyLineOf(told) || proxy.NonHTTP != "reset" || proxy.Loops != 3 || proxy.OrphanGrace != told.Grace || proxy.Grace != lastGrace {
		t.Errorf("proxy is told %+v", proxy)
	}
	if proxy.HeadLimit != 5000 || proxy.LineLimit != 4000 || proxy.FieldsLimit != 99 ||
		proxy.HeadTimeout != 2*time.Second || proxy.BodyTimeout != 3*time.Second || proxy.IdleTimeout != 4*time.Second {
		t.Errorf("proxy is told %+v", proxy)
	}
	told.Grace = 0
	if gate := gateLineOf(told); gate.OrphanGrace != 0 {
		t.Errorf("a gate that holds no rules goes on for %v without a supervisor", gate.OrphanGrace)
	}
}

// TestLongestHeadCanBeHeld keeps the range of proxy.head_limit and what the
// proxy can hold of a connection together.
func TestLongestHeadCanBeHeld(t *testing.T) {
	for limit, valid := range map[int]bool{leg.HoldLimit: true, leg.HoldLimit + 1: false} {
		source := fmt.Sprintf("[bridge]\nports = [\"eth0\", \"eth1\"]\n[proxy]\nhead_limit = %d\n", limit)
		if _, err := config.Parse("limpid.toml", []byte(source)); (err == nil) != valid {
			t.Errorf("head_limit %d: %v", limit, err)
		}
	}
}

func pass(t *testing.T, from, to any) {
	t.Helper()
	text, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatal(err)
	}
}

func TestChildrenAreNotForPeople(t *testing.T) {
	for _, name := range []string{"gate", "proxy"} {
		if code, _, stderr := limpid(name, "extra"); code != exitUsage || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: code %d, %q", name, code, stderr)
		}
	}
}
