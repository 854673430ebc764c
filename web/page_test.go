package web

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"limpid/appliance/control"
)

// box is a control API in memory.
type box struct {
	mu     sync.Mutex
	status control.Status
	hash   string
	reader string // hash of the second password
	tokens []control.Token
	used   []string // IDs
	err    error
	asked  int // for its status
	ordeal []time.Duration
	clock  []time.Time // it was set to

	pages   []control.LogPage // of its log, one after another
	queries []control.LogQuery
	flows   control.FlowList
	reset   []uint64

	settings control.Settings
	review   control.SettingsReview
	applied  control.SettingsApplied
	changes  []control.SettingsChange
	edits    []control.SettingsEdit
	token    string // that confirms
	who      string // made the change that waits
	undone   int
	early    bool // what is tried is not in effect yet
	resets   []control.ResetRequest

	client   *control.Client // passes calls on; nil: the box does so by itself
	received int64           // bytes of a bundle
	did      []string
	checkup  control.Checkup
	ill      error // of the doctor
	asks     []control.FlowQuestion
	answer   control.FlowAnswer

	history control.History
	span    string // of it, asked for last

	update  control.Update
	orders  []string
	refusal error // of orders
	recent  []int // points of it that were asked for

	top      control.LogTop
	tops     []int // ranks of it that were asked for
	drills   control.Drills
	struck   []control.DrillRequest
	headed   []string // what was done to the recording of heads
	heads    control.Heads
	captures captures
	ladders  ladders

	neighbours control.Neighbours
}

func (b *box) Neighbours(context.Context) (control.Neighbours, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.neighbours, b.err
}

func (b *box) History(_ context.Context, span string) (control.History, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.span = span
	return b.history, b.err
}

func (b *box) Recent(_ context.Context, _ string, last int) (control.History, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.recent = append(b.recent, last)
	h := b.history
	h.Points = h.Points[max(0, len(h.Points)-last):]
	return h, b.err
}

func (b *box) LogTop(_ context.Context, limit int) (control.LogTop, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tops = append(b.tops, limit)
	return b.top, b.err
}

func (b *box) BeginDrill(_ context.Context, request control.DrillRequest) (control.Drills, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.drills.Refused != "" {
		return control.Drills{}, errors.New(b.drills.Refused)
	}
	b.struck = append(b.struck, request)
	return b.drills, b.err
}

func (b *box) Drills(context.Context) (control.Drills, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.drills, b.err
}

func (b *box) Log(_ context.Context, query control.LogQuery) (control.LogPage, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queries = append(b.queries, query)
	if query.Filter["status"] == "bad" {
		return control.LogPage{}, control.Refuse(errors.New(`filter status="bad": want a number like 404, or a class like 4xx`))
	}
	if len(b.pages) == 0 {
		return control.LogPage{Cursor: "run.9"}, b.err
	}
	page := b.pages[0]
	b.pages = b.pages[1:]
	return page, b.err
}

func (b *box) Doctor(context.Context) (control.Checkup, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.checkup, errors.Join(b.ill, b.err)
}

func (b *box) Explain(_ context.Context, q control.FlowQuestion) (control.FlowAnswer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asks = append(b.asks, q)
	return b.answer, b.err
}

func (b *box) Flows(context.Context, int) (control.FlowList, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.flows, b.err
}

func (b *box) ResetFlow(_ context.Context, id uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if id == 404 {
		return control.Refuse(errors.New("no such flow"))
	}
	b.reset = append(b.reset, id)
	return b.err
}

func (b *box) Status(context.Context) (control.Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	return b.status, b.err
}

func (b *box) SetBypass(_ context.Context, on bool, d time.Duration) (control.Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ordeal = append(b.ordeal, d)
	b.status.Mode, b.status.Bypass = control.Inline, control.Override{}
	if on {
		b.status.Mode, b.status.Bypass.On = control.Bypass, true
	}
	return b.status, b.err
}

func (b *box) Password(context.Context) (control.Password, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return control.Password{Hash: b.hash, Reader: b.reader}, b.err
}

func (b *box) SetPassword(_ context.Context, change control.PasswordChange) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if change.Old != b.hash {
		return control.Refuse(errors.New("set password: it has been set meanwhile"))
	}
	b.hash = change.New
	return b.err
}

func (b *box) SetStarted(_ context.Context, started bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Web.Started = started
	return b.err
}

func (b *box) SetClock(_ context.Context, at time.Time) (control.Clock, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refusal != nil {
		return control.Clock{}, control.Refuse(b.refusal)
	}
	b.clock = append(b.clock, at)
	return control.Clock{Time: at}, b.err
}

func (b *box) set(f func(*box)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(b)
}

// whole is a box with nothing to mend.
func whole() *box {
	up := control.Link{Name: "eth0", Present: true, Up: true, Carrier: true, Speed: 1000, MAC: "02:00:00:00:00:01"}
	return &box{status: control.Status{
		Version: "1.2.3", Mode: control.Inline, Since: time.Now().Add(-time.Hour), Requests: 1234567,
		Wire: control.Wire{LAN: up, WAN: up},
	}}
}

func settings(t testing.TB) Settings {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return Settings{
		Listen: []string{":443", ":80"},
		Chain:  string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		Key:    string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
	}
}

func newPage(t testing.TB, b *box) *Page {
	t.Helper()
	p, err := New(settings(t), b, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// visitor asks a page, and keeps its cookie.
type visitor struct {
	t       testing.TB
	handler http.Handler
	from    string
	cookie  *http.Cookie // of the session
	known   *http.Cookie // by which the browser is known
}

// answer is what came back.
type answer struct {
	StatusCode int
	Status     string
	Header     http.Header
	text       string // of all of it
}

func (v *visitor) do(r *http.Request) answer {
	if v.from != "" {
		r.RemoteAddr = v.from
	}
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	if v.known != nil {
		r.AddCookie(v.known)
	}
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	response := w.Result()
	defer response.Body.Close()
	for _, c := range response.Cookies() {
		if c.Name == knownName {
			v.known = c
		} else {
			v.cookie = c
		}
	}
	var text strings.Builder
	if err := response.Write(&text); err != nil {
		v.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Status, response.Header, text.String()}
}

func (v *visitor) post(path string, fields url.Values) answer {
	r := httptest.NewRequestWithContext(v.t.Context(), http.MethodPost, "https://192.0.2.10"+path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.do(r)
}

func (v *visitor) get(path string) answer {
	return v.do(httptest.NewRequestWithContext(v.t.Context(), http.MethodGet, "https://192.0.2.10"+path, http.NoBody))
}

func field(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

const secret = "a wire is a wire"

// owner is a visitor who has set the password.
func owner(t *testing.T, p *Page) *visitor {
	t.Helper()
	v := &visitor{t: t, handler: p.Handler()}
	if r := v.post("/password", field("password", secret, "again", secret)); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("set password: %s", r.text)
	}
	return v
}
