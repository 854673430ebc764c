package web

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"limpid/appliance/control"
)

// Settings are what the page is given at its start.
type Settings struct {
	Listen []string `json:"listen"` // names of its listeners: "ADDRESS:PORT", the address may be empty
	Chain  string   `json:"chain"`  // certificate, PEM
	Key    string   `json:"key"`    // its private key, PEM
	// Sessions are what the process before this one has handed on.
	Sessions []Session `json:"-"`
}

// Control is what the page asks. *control.Client is one.
type Control interface {
	Status(ctx context.Context) (control.Status, error)
	SetBypass(ctx context.Context, on bool, d time.Duration) (control.Status, error)
	Log(ctx context.Context, query control.LogQuery) (control.LogPage, error)
	LogTop(ctx context.Context, limit int) (control.LogTop, error)
	History(ctx context.Context, span string) (control.History, error)
	Recent(ctx context.Context, span string, last int) (control.History, error)
	BeginDrill(ctx context.Context, request control.DrillRequest) (control.Drills, error)
	Drills(ctx context.Context) (control.Drills, error)
	Flows(ctx context.Context, limit int) (control.FlowList, error)
	ResetFlow(ctx context.Context, id uint64) error
	Neighbours(ctx context.Context) (control.Neighbours, error)
	Doctor(ctx context.Context) (control.Checkup, error)
	Explain(ctx context.Context, q control.FlowQuestion) (control.FlowAnswer, error)
	Ladder(ctx context.Context) (control.LadderState, error)
	BeginLadder(ctx context.Context, request control.LadderRequest) (control.Ladder, error)
	Settings(ctx context.Context) (control.Settings, error)
	EditSettings(ctx context.Context, edit control.SettingsEdit) (control.SettingsText, error)
	ReviewSettings(ctx context.Context, text string) (control.SettingsReview, error)
	ApplySettings(ctx context.Context, change control.SettingsChange) (control.SettingsApplied, error)
	ConfirmSettings(ctx context.Context, token string) (control.SettingsVersion, error)
	UndoSettings(ctx context.Context) (control.SettingsVersion, error)
	SettingsHistory(ctx context.Context) (control.SettingsHistory, error)
	SettingsVersion(ctx context.Context, number int) (control.SettingsVersion, error)
	Reset(ctx context.Context, request control.ResetRequest) error
	Update(ctx context.Context) (control.Update, error)
	GoBack(ctx context.Context) (control.Update, error)
	Reboot(ctx context.Context) (control.Update, error)
	PlanReboot(ctx context.Context, at time.Time) (control.Update, error)
	Password(ctx context.Context) (control.Password, error)
	SetPassword(ctx context.Context, change control.PasswordChange) error
	SetStarted(ctx context.Context, started bool) error
	SetClock(ctx context.Context, at time.Time) (control.Clock, error)
	SetReader(ctx context.Context, change control.PasswordChange) error
	Tokens(ctx context.Context) (control.TokenList, error)
	AddToken(ctx context.Context, request control.TokenRequest) (control.Token, error)
	RemoveToken(ctx context.Context, id string) error
	UseToken(ctx context.Context, id string) error
	// Pass makes a call of the API as somebody else asks it.
	Pass(ctx context.Context, call control.Call) (*http.Response, error)
	PacketCapture(ctx context.Context) (control.CaptureState, error)
	StartCapture(ctx context.Context, request control.CaptureRequest) (control.PacketCapture, error)
	StopCapture(ctx context.Context, id uint64) (control.PacketCapture, error)
	ForgetCapture(ctx context.Context, id uint64) error
	Heads(ctx context.Context, after uint64) (control.Heads, error)
	RecordHeads(ctx context.Context, request control.HeadsRequest) (control.Heads, error)
	StopHeads(ctx context.Context) (control.Heads, error)
	ForgetHeads(ctx context.Context) (control.Heads, error)
	ReadCapture(ctx context.Context, id uint64) (io.ReadCloser, error)
}

// Page is the web page.
type Page struct {
	settings    Settings
	control     Control
	log         *slog.Logger
	certificate tls.Certificate
	assets      assets
	watcher     *watcher
	charts      map[string]*shared[control.History] // by span
	recent      *shared[control.History]            // the last seconds
	top         *shared[control.LogTop]
	beside      *shared[control.Neighbours]
	settled     *shared[control.Settings] // for what is never captured
	streams     *streams
	sessions    *sessions
	attempts    *attempts
	hasher      hasher
	uses        *uses
	passing     chan struct{} // a turn for each call that is passed on
	clock       func() time.Time
}

// New makes the page. An error is the settings' fault.
func New(s Settings, c Control, log *slog.Logger) (*Page, error) {
	certificate, err := tls.X509KeyPair([]byte(s.Chain), []byte(s.Key))
	if err != nil {
		return nil, fmt.Errorf("read certificate of the page: %w", err)
	}
	a, err := loadAssets()
	if err != nil {
		return nil, err
	}
	charts := make(map[string]*shared[control.History])
	for _, span := range spanChoices() {
		charts[span.Name] = &shared[control.History]{fresh: freshFor, clock: time.Now, ask: func(ctx context.Context) (control.History, error) {
			return c.History(ctx, span.Name)
		}}
	}
	recent := func(ctx context.Context) (control.History, error) { return c.Recent(ctx, "10m", pulseAsked) }
	top := func(ctx context.Context) (control.LogTop, error) { return c.LogTop(ctx, topShown) }
	p := &Page{
		settings: s, control: c, log: log, certificate: certificate, assets: a,
		watcher: newWatcher(c, time.Now), sessions: newSessions(time.Now), attempts: newAttempts(time.Now),
		hasher: newHasher(), uses: newUses(time.Now), passing: make(chan struct{}, maxPassing), clock: time.Now, streams: newStreams(), charts: charts,
		recent:  &shared[control.History]{fresh: freshFor, clock: time.Now, ask: recent},
		top:     &shared[control.LogTop]{fresh: topFresh, clock: time.Now, ask: top},
		settled: &shared[control.Settings]{fresh: settledFresh, clock: time.Now, ask: c.Settings},
		beside:  &shared[control.Neighbours]{fresh: besideFresh, clock: time.Now, ask: c.Neighbours},
	}
	p.sessions.adopt(s.Sessions)
	return p, nil
}
