package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// fake remembers what it was asked.
type fake struct {
	SettingsKeeper
	PacketCapturer
	ladders
	HeadKeeper
	mu    sync.Mutex
	on    bool
	d     time.Duration
	limit int
	reset uint64
	query LogQuery
	err   error

	upload Upload
	sent   []byte
	change PasswordChange

	planned []time.Time // reboots; zero: called off
	reader  PasswordChange
	token   TokenRequest
	id      string // of a token, asked for last
	drill   DrillRequest
	factory ResetRequest
	top     int
	started []bool
	clock   time.Time
}

func (f *fake) LogTop(_ context.Context, limit int) (LogTop, error) {
	f.top = limit
	return LogTop{Records: 8, Sites: Ranking{ByBytes: []Rank{{"a.example", 7, 9000}}}}, f.err
}

func (f *fake) BeginDrill(_ context.Context, request DrillRequest) error {
	f.drill = request
	return f.err
}

func (f *fake) Reset(_ context.Context, request ResetRequest) error {
	f.factory = request
	return f.err
}

func (f *fake) Drills(context.Context) (Drills, error) {
	return Drills{Refused: "another drill runs", Drills: []Drill{{Number: 4, Blow: f.drill.Blow, NoticedMS: new(int64(0))}}}, nil
}

func (f *fake) Status(context.Context) (Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := Status{Mode: Inline, Proxy: Process{PID: 42, Restarts: 3}, LastGapMS: 17}
	if f.on {
		s.Mode, s.Bypass = Bypass, Override{On: true}
	}
	return s, f.err
}

func (f *fake) SetBypass(_ context.Context, on bool, d time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on, f.d = on, d
	return f.err
}

func (f *fake) Flows(_ context.Context, limit int) (FlowList, error) {
	f.limit = limit
	return FlowList{Total: 2, Flows: []Flow{{ID: 9}}}, f.err
}

func (f *fake) ResetFlow(_ context.Context, id uint64) error {
	f.reset = id
	return f.err
}

func (f *fake) Update(context.Context) (Update, error) {
	return Update{Slots: true, Phase: UpdateIdle, Bundle: BundleInfo{Received: int64(len(f.sent))}}, nil
}

func (f *fake) Upload(_ context.Context, upload Upload, body io.Reader) error {
	f.upload = upload
	if f.err != nil {
		return f.err
	}
	sent, err := io.ReadAll(body)
	f.sent = append(f.sent, sent...)
	return err
}

func (f *fake) Password(context.Context) (Password, error) {
	return Password{Hash: f.change.New}, f.err
}

func (f *fake) SetPassword(_ context.Context, change PasswordChange) error {
	f.change = change
	return f.err
}

func (f *fake) SetReader(_ context.Context, change PasswordChange) error {
	f.reader = change
	return f.err
}

func (f *fake) SetStarted(_ context.Context, started bool) error {
	f.started = append(f.started, started)
	return f.err
}

func (f *fake) SetClock(_ context.Context, at time.Time) (Clock, error) {
	f.clock = at
	return Clock{at.Add(time.Second)}, f.err
}

func (f *fake) Tokens(context.Context) (TokenList, error) {
	return TokenList{Tokens: []Token{{ID: "1", Name: f.token.Name}}}, f.err
}

func (f *fake) AddToken(_ context.Context, request TokenRequest) (Token, error) {
	f.token = request
	return Token{ID: "1", Name: request.Name, Scope: request.Scope, Digest: request.Digest}, f.err
}

func (f *fake) RemoveToken(_ context.Context, id string) error {
	f.id = id
	return f.err
}

func (f *fake) UseToken(_ context.Context, id string) error {
	f.id = "used " + id
	return f.err
}

func (f *fake) GoBack(context.Context) error { return f.err }

func (f *fake) Reboot(context.Context) error { return f.err }

func (f *fake) PlanReboot(_ context.Context, at time.Time) error {
	f.planned = append(f.planned, at)
	return f.err
}

func (f *fake) Metrics(_ context.Context, w io.Writer) error {
	_, _ = io.WriteString(w, "up 1\n")
	return f.err
}

func (f *fake) Log(_ context.Context, query LogQuery) (LogPage, error) {
	f.query = query
	return LogPage{Records: []LogRecord{{Flow: 5}}, Cursor: "run.7"}, f.err
}

func (f *fake) History(_ context.Context, span string) (History, error) {
	return History{Names: []string{span}, Step: Duration(time.Second), Points: []HistoryPoint{{Counts: []uint64{5}}, {Counts: []uint64{6}}, {Counts: []uint64{7}}}}, f.err
}

func (f *fake) Doctor(context.Context) (Checkup, error) {
	return Checkup{Verdict: HealthWarn, Checks: []Check{{Name: "links", Verdict: HealthWarn}}}, f.err
}

func (f *fake) Explain(_ context.Context, q FlowQuestion) (FlowAnswer, error) {
	return FlowAnswer{Client: q.Client, Server: q.Server, Port: q.Port, Captured: CapturedNo}, f.err
}

func (f *fake) Neighbours(context.Context) (Neighbours, error) {
	return Neighbours{LAN: []Neighbour{{MAC: "02:00:00:00:00:07", Age: 1.5, Frame: []byte{1, 0x80, 0xc2}}}, WAN: []Neighbour{}}, f.err
}

func (f *fake) Rules(context.Context) (RuleList, error) { return RuleList{Text: "add rule"}, f.err }

// serve runs the API on a real socket until the test is over.
func serve(t *testing.T, backend Backend) *Client {
	t.Helper()
	dir := t.TempDir()
	listener, err := Listen(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { done <- Serve(ctx, listener, backend) })
	client := NewClient(dir)
	t.Cleanup(func() {
		client.Close()
		cancel()
		wg.Wait()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return client
}

func TestClientAndServerAgree(t *testing.T) {
	backend := &fake{}
	client := serve(t, backend)
	s, err := client.Status(t.Context())
	if err != nil || s.Mode != Inline || s.Proxy.PID != 42 || s.LastGapMS != 17 {
		t.Errorf("status: %+v, %v", s, err)
	}
	s, err = client.SetBypass(t.Context(), true, 10*time.Minute)
	if err != nil || s.Mode != Bypass || !backend.on || backend.d != 10*time.Minute {
		t.Errorf("bypass on: %+v, %v; backend got %v for %v", s, err, backend.on, backend.d)
	}
	if _, err = client.SetBypass(t.Context(), false, 0); err != nil || backend.on || backend.d != 0 {
		t.Errorf("bypass off: %v; backend got %v for %v", err, backend.on, backend.d)
	}
	flows, err := client.Flows(t.Context(), 5)
	if err != nil || flows.Total != 2 || flows.Flows[0].ID != 9 || backend.limit != 5 {
		t.Errorf("flows: %+v, %v; limit %d", flows, err, backend.limit)
	}
	if err := client.ResetFlow(t.Context(), 1<<63); err != nil || backend.reset != 1<<63 {
		t.Errorf("reset: %v; backend got %d", err, backend.reset)
	}
	query := LogQuery{Filter: map[string]string{"host": "*.a b&c=%", "status": "4xx"}, After: "run.3", Limit: 7}
	page, err := client.Log(t.Context(), query)
	if err != nil || page.Cursor != "run.7" || page.Records[0].Flow != 5 || !reflect.DeepEqual(backend.query, query) {
		t.Errorf("log: %+v, %v; backend was asked %+v", page, err, backend.query)
	}
	if rules, err := client.Rules(t.Context()); err != nil || rules.Text != "add rule" {
		t.Errorf("rules: %+v, %v", rules, err)
	}
	if n, err := client.Neighbours(t.Context()); err != nil || len(n.LAN) != 1 || n.LAN[0].Age != 1.5 || string(n.LAN[0].Frame) != "\x01\x80\xc2" || n.WAN == nil {
		t.Errorf("neighbours: %+v, %v", n, err)
	}
	var text strings.Builder
	if err := client.Metrics(t.Context(), &text); err != nil || text.String() != "up 1\n" {
		t.Errorf("metrics: %q, %v", text.String(), err)
	}
	drills, err := client.BeginDrill(t.Context(), DrillRequest{Who: "somebody"})
	if d := drills.Drills; err != nil || backend.drill != (DrillRequest{KillProxy, "somebody"}) || len(d) != 1 || d[0].NoticedMS == nil || d[0].InlineMS != nil {
		t.Errorf("drill: %+v, %v; backend got %+v", drills, err, backend.drill)
	}
	if drills, err = client.Drills(t.Context()); err != nil || drills.Refused != "another drill runs" || drills.Drills[0].Number != 4 {
		t.Errorf("drills: %+v, %v", drills, err)
	}
	if err := client.Reset(t.Context(), ResetRequest{Confirm: ResetConfirm, Who: "somebody"}); err != nil || backend.factory.Who != "somebody" {
		t.Errorf("factory reset: %v; backend got %+v", err, backend.factory)
	}
	if top, err := client.LogTop(t.Context(), 3); err != nil || backend.top != 3 || top.Records != 8 || top.Sites.ByBytes[0] != (Rank{"a.example", 7, 9000}) {
		t.Errorf("top: %+v, %v; backend was asked for %d", top, err, backend.top)
	}
	for last, want := range map[int]int{1: 1, 2: 2, 9: 3} {
		if h, err := client.Recent(t.Context(), "10m", last); err != nil || len(h.Points) != want || h.Points[want-1].Counts[0] != 7 {
			t.Errorf("the last %d points: %+v, %v", last, h, err)
		}
	}
	backend.err = errors.New("read counters: gone")
	if err := client.Metrics(t.Context(), &text); err == nil || err.Error() != "read counters: gone" || text.String() != "up 1\n" {
		t.Errorf("metrics that cannot be gathered arrived as %q, %v", text.String(), err)
	}
	if _, err := client.Status(t.Context()); err == nil || err.Error() != "read counters: gone" {
		t.Errorf("error of the backend arrived as %v", err)
	}
}

func TestStatusHasTheAgreedNames(t *testing.T) {
	text, err := json.Marshal(Status{})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"mode", "reason", "since", "capture", "handshake", "proxy.pid", "proxy.restarts", "gate.pid",
		"gate.restarts", "flows.active", "flows.captured", "flows.bridged", "requests", "cache.hits", "cache.misses", "last_gap_ms",
		"version", "bypass.on", "wire.lan.carrier", "wire.bridge.name", "wire.wan.up", "log.records", "log.dropped"} {
		at := any(got)
		for key := range strings.SplitSeq(path, ".") {
			object, ok := at.(map[string]any)
			if !ok {
				t.Fatalf("%s: %v is no object", path, at)
			}
			if at, ok = object[key]; !ok {
				t.Errorf("status has no %s", path)
				break
			}
		}
	}
}

func TestBadQuestionsAreRefused(t *testing.T) {
	server := httptest.NewServer(Handler(&fake{}))
	defer server.Close()
	for _, q := range []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"POST", "/v1/bypass", `{"on":true,"for":"10"}`, 400, "want a number and a unit"},
		{"POST", "/v1/bypass", `{"on":true,"for":600}`, 400, "want a text"},
		{"POST", "/v1/bypass", `{"on":true,"for":"-1m"}`, 400, "above 0"},
		{"POST", "/v1/bypass", `{"on":false,"for":"1m"}`, 400, "takes no time"},
		{"POST", "/v1/bypass", `{"off":true}`, 400, "unknown field"},
		{"POST", "/v1/bypass", ``, 400, "EOF"},
		{"POST", "/v1/bypass", `{"on":true,"for":"` + strings.Repeat("1", maxBody) + `s"}`, 400, "too large"},
		{"GET", "/v1/flows?limit=none", "", 400, "want a number"},
		{"GET", "/v1/flows?limit=0", "", 400, "want a number"},
		{"GET", "/v1/log/top?limit=101", "", 400, "want a number from 1 to 100"},
		{"GET", "/v1/log/top?limit=0", "", 400, "want a number from 1 to 100"},
		{"GET", "/v1/history?last=0", "", 400, "want a number from 1"},
		{"GET", "/v1/history?last=all", "", 400, "want a number from 1"},
		{"GET", "/v1/log?limit=1001", "", 400, "want a number from 1 to 1000"},
		{"GET", "/v1/log?limit=0", "", 400, "want a number from 1 to 1000"},
		{"GET", "/v1/log?host=a&host=b", "", 400, "given 2 times"},
		{"GET", "/v1/log?host=%zz", "", 400, "invalid URL escape"},
		{"POST", "/v1/flows/first/reset", "", 400, "want the number"},
		{"PUT", "/v1/update/bundle?offset=-1", "x", 400, "want the number of bytes"},
		{"PUT", "/v1/update/bundle?offset=9999999999999", "x", 400, "want the number of bytes"},
		{"PUT", "/v1/update/bundle?downgrade=yes", "x", 400, "want true or false"},
		{"POST", "/v1/drill", `{"blow":"burn"}`, 400, `blow "burn": want kill or hang`},
		{"POST", "/v1/drill", `{"target":"gate"}`, 400, "unknown field"},
		{"POST", "/v1/drill", `[]`, 400, "read drill request"},
		{"POST", "/v1/drill", `{"who":"` + strings.Repeat("w", maxWho+1) + `"}`, 400, "at most 256"},
		{"POST", "/v1/reset", ``, 400, "EOF"},
		{"POST", "/v1/reset", `{}`, 400, `give "confirm": "factory reset"`},
		{"POST", "/v1/reset", `{"confirm":"yes"}`, 400, `give "confirm": "factory reset"`},
		{"POST", "/v1/reset", `{"confirm":"factory reset","password":"p"}`, 400, "the socket asks for none"},
		{"POST", "/v1/reset", `{"confirm":"factory reset","who":"` + strings.Repeat("w", maxWho+1) + `"}`, 400, "256 bytes at most"},
		{"POST", "/v1/reset", `{"confirm":"factory reset","scope":"all"}`, 400, "unknown field"},
		{"GET", "/v1/reset", "", 405, ""},
		{"GET", "/v1/bypass", "", 405, ""},
		{"POST", "/v1/status", "", 405, ""},
		{"GET", "/v1/absent", "", 404, ""},
	} {
		request, err := http.NewRequestWithContext(t.Context(), q.method, server.URL+q.path, strings.NewReader(q.body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var p problem
		if q.code == 400 {
			if err := json.NewDecoder(response.Body).Decode(&p); err != nil {
				t.Errorf("%s %s: %v", q.method, q.path, err)
			}
		}
		_ = response.Body.Close()
		if response.StatusCode != q.code || !strings.Contains(p.Error, q.want) || strings.Contains(p.Error, "\n") {
			t.Errorf("%s %s: %d %q, want %d with %q", q.method, q.path, response.StatusCode, p.Error, q.code, q.want)
		}
	}
}

func TestSocketIsForItsGroup(t *testing.T) {
	dir := t.TempDir()
	// What a killed supervisor leaves there must not stop the next.
	for range 2 {
		listener, err := Listen(t.Context(), dir, 64103)
		if err != nil {
			t.Fatal(err)
		}
		_ = listener.Close()
	}
	info, err := os.Stat(filepath.Join(dir, SocketName))
	if err != nil {
		t.Fatal(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode().Perm() != 0o660 || stat.Uid != 0 || stat.Gid != 64103 {
		t.Errorf("socket is %v of %+v, want 0660 of 0:64103", info.Mode(), stat)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left in the directory: %v, %v", entries, err)
	}
}

func TestClientSaysThatNobodyAnswers(t *testing.T) {
	client := NewClient(t.TempDir())
	defer client.Close()
	if _, err := client.Status(t.Context()); err == nil || !strings.Contains(err.Error(), "no limpid runs there") {
		t.Errorf("got %v", err)
	}
}

// TestDescriptionEqualsRoutes holds openapi.yaml to the handlers, and has each
// operation say who may make it over HTTPS.
func TestDescriptionEqualsRoutes(t *testing.T) {
	var described, served []string
	for _, o := range Operations() {
		described = append(described, o.Method+" "+o.Path)
		if o.Summary == "" || !slices.Contains([]string{ScopeRead, ScopeFull, ScopeSocket}, o.Scope) {
			t.Errorf("%s %s: give summary and x-scope (read, full or socket): %+v", o.Method, o.Path, o)
		}
	}
	for _, r := range routes() {
		served = append(served, r.method+" "+r.path)
	}
	slices.Sort(described)
	slices.Sort(served)
	if len(served) == 0 || !slices.Equal(described, served) {
		t.Errorf("described: %q\nserved:    %q", described, served)
	}
}

// TestDescriptionNamesEveryField holds the schemas to the Go types.
func TestDescriptionNamesEveryField(t *testing.T) {
	_, schemas, _ := strings.Cut(string(description), "\ncomponents:")
	for _, v := range []any{
		Status{Trial: &Trial{}, Box: &Box{}},
		Process{},
		Flows{},
		Cache{},
		Override{Until: time.Unix(1, 0)},
		Wire{},
		Link{MAC: "m", MTU: 1, Speed: 1, FullDuplex: true},
		Flow{},
		FlowList{},
		BypassRequest{For: 1},
		RuleList{},
		Neighbours{},
		Neighbour{},
		Page{},
		Password{Reader: "r"},
		PasswordChange{},
		Started{},
		Clock{},
		Frames{},
		PortFrames{},
		Address{Prefix: netip.MustParsePrefix("192.0.2.1/24"), Gateway: netip.IPv6Loopback()},
		TokenList{},
		Token{Used: time.Unix(1, 0)},
		TokenRequest{},
		Box{},
		Phase{Problem: "p"},
		Alarm{},
		LogPage{},
		LogCounts{},
		HeadsRequest{Filter: map[string]string{"a": "b"}, For: 1, Count: 1, Who: "w"},
		Heads{Filter: map[string]string{"a": "b"}, Who: "w", Until: time.Unix(1, 0), Count: 1},
		HeadPair{},
		Head{},
		LogRecord{VLAN: 1, Method: "m", URL: "u", Status: 1, Reason: "r", Connect: new(int64), FirstByte: new(int64), Total: new(int64), UserAgent: "u", ContentType: "c", Cut: "c", Heads: 1},
		Update{Running: "a", Other: OtherSlot{Slot: "b"}, Bundle: BundleInfo{Size: 1}, Progress: Progress{Done: 1}, Problem: "p", RebootAt: time.Unix(1, 0)},
		Settings{Trial: &SettingsTrial{}},
		BypassPair{Client: netip.MustParsePrefix("10.0.0.7/32"), Server: netip.MustParsePrefix("192.0.2.0/24")},
		SettingsKey{},
		SettingsTrial{Who: "w", Note: "n"},
		SettingsEdit{Add: map[string][]string{"a": nil}},
		SettingsText{},
		SettingsReview{},
		SettingsProblem{Key: "k"},
		SettingsDiff{},
		SettingsChange{Base: "b", Who: "w", Note: "n", Window: 1},
		SettingsApplied{Version: 1, Trial: &SettingsTrial{}, Token: "t"},
		SettingsToken{},
		SettingsVersion{Who: "w", Note: "n", Text: "t"},
		SettingsHistory{},
		ResetRequest{Who: "w", Password: "p"},
		History{},
		HistoryPoint{},
		OtherSlot{Version: "v"},
		BundleInfo{SHA256: "s", Version: "v", Notes: "n"},
		Progress{},
		LogTop{Since: time.Unix(1, 0)},
		Ranking{},
		Rank{},
		DrillRequest{Blow: "b", Who: "w"},
		Drills{},
		Drill{Who: "w", Problem: "p", Reason: "r", NoticedMS: new(int64), BypassMS: new(int64), InlineMS: new(int64), GapMS: new(int64)},
		CaptureRequest{Side: "s", Host: netip.IPv6Loopback(), Port: 1, VLAN: 1, For: 1, Size: 1, Who: "w"},
		PacketCapture{Outcome: "o", Problem: "p"},
		CaptureState{Capture: &PacketCapture{}},
		Checkup{},
		Check{Effect: "e", Mend: "m"},
		Evidence{},
		FlowAnswer{},
		FlowReason{Mend: "m"},
		LadderRequest{Client: netip.IPv6Loopback(), Server: netip.IPv6Loopback(), Port: 1, For: 1, Who: "w"},
		Ladder{Problem: "p"},
		LadderResult{Captured: "c", From: netip.MustParseAddrPort("[::1]:1"), To: netip.MustParseAddrPort("[::1]:1"), Began: time.Unix(1, 0), Verdict: "v", Omitted: 1, Dropped: 1},
		LadderStep{Mend: "m"},
		Rung{Lost: true, Head: "h", Again: true},
		Sighting{VLAN: 1},
		LadderState{Ladder: &Ladder{}},
	} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		block, own := schemaOf(schemas, reflect.TypeOf(v).Name())
		whole := block
		if _, parts, ok := strings.Cut(block, "allOf:"); ok {
			for _, part := range regexp.MustCompile(`schemas/(\w+)"`).FindAllStringSubmatch(strings.SplitN(parts, "\n", 2)[0], -1) {
				more, _ := schemaOf(schemas, part[1])
				whole += more
			}
		}
		for name := range fields {
			if !regexp.MustCompile(`(?m)[\s{]` + name + `: `).MatchString(strings.ReplaceAll(whole, ":\n", ": \n")) {
				t.Errorf("openapi.yaml does not name %s of %T", name, v)
			}
		}
		for _, property := range regexp.MustCompile(`(?m)^ {8}(\w+):`).FindAllStringSubmatch(block, -1) {
			if _, ok := fields[property[1]]; own && !ok {
				t.Errorf("openapi.yaml names %s, which %T has not", property[1], v)
			}
		}
	}
}

// schemaOf is the schema of a type, if it has one of its own, else all of them.
func schemaOf(schemas, name string) (text string, own bool) {
	_, text, own = strings.Cut(schemas, "\n    "+name+":\n")
	if !own {
		return schemas, false
	}
	if end := regexp.MustCompile(`(?m)^    \w`).FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}
	return text, true
}
