package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// settingsPath begins the paths of the settings.
const settingsPath = "/v1/settings"

// maxSettings bounds a body with a text of settings in it, in bytes: the text may
// have 256 KiB, and each byte of it takes up to six in JSON.
const maxSettings = 2 << 20

// Settings is the answer to GET /v1/settings.
type Settings struct {
	Text   string         `json:"text"`   // of the file, which holds after the next start
	Digest string         `json:"digest"` // of the text, for SettingsChange.Base
	Keys   []SettingsKey  `json:"keys"`
	Trial  *SettingsTrial `json:"trial,omitempty"` // what is in effect in its place, until it is confirmed
	// Bypass is intercept.bypass as it is in effect: which connections are never captured.
	Bypass []BypassPair `json:"bypass"`
}

// BypassPair is the connections from Client to Server. One of them may be invalid, which
// stands for any address of either family.
type BypassPair struct {
	Client netip.Prefix `json:"client,omitzero"`
	Server netip.Prefix `json:"server,omitzero"`
}

// SettingsKey is one key of limpid.toml.
type SettingsKey struct {
	Key     string `json:"key"`  // "proxy.port"
	Help    string `json:"help"` // what it does, and which values it takes
	Default string `json:"default"`
	Value   string `json:"value"` // as TOML has it; of the file, or what holds without it
}

// SettingsTrial is a change that waits to be confirmed.
type SettingsTrial struct {
	Who   string    `json:"who,omitempty"`
	Note  string    `json:"note,omitempty"`
	Text  string    `json:"text"`
	Begun time.Time `json:"begun"`
	Until time.Time `json:"until"`
	Left  int       `json:"left"` // s until it is given up
}

// SettingsEdit is the body of POST /v1/settings/edit.
type SettingsEdit struct {
	Text string              `json:"text"`
	Set  map[string]string   `json:"set"`           // values as TOML has them, by key
	Add  map[string][]string `json:"add,omitempty"` // the same, to the ends of lists
}

// SettingsText is a text of limpid.toml.
type SettingsText struct {
	Text string `json:"text"`
}

// SettingsReview is the answer to POST /v1/settings/review: what a text would change
// in what runs now.
type SettingsReview struct {
	Problems []SettingsProblem `json:"problems"` // with any, it is not taken
	Changes  []SettingsDiff    `json:"changes"`
	// Confirm says that it could cut somebody off, and is tried before it is kept;
	// Restart that limpid starts anew for it: flows end, and for some seconds all
	// connections are bridged.
	Confirm bool `json:"confirm"`
	Restart bool `json:"restart"`
}

// SettingsProblem is a mistake in a text.
type SettingsProblem struct {
	Line int    `json:"line"`
	Key  string `json:"key,omitempty"`
	Text string `json:"text"`
}

// SettingsDiff is a key that gets another value.
type SettingsDiff struct {
	Key string `json:"key"`
	Old string `json:"old"`
	New string `json:"new"`
}

// SettingsChange is the body of POST /v1/settings/apply.
type SettingsChange struct {
	Text   string   `json:"text"`
	Base   string   `json:"base,omitempty"` // digest of the text that was edited; empty: whatever it is now
	Who    string   `json:"who,omitempty"`  // for the history
	Note   string   `json:"note,omitempty"`
	Window Duration `json:"window,omitempty"` // to confirm in, 30 s to 10 m; 0: 90 s
}

// Bounds of what goes into the history with a text, in bytes.
const (
	maxWho  = 256
	maxNote = 1024
)

func (c SettingsChange) check() error {
	if len(c.Who) > maxWho || len(c.Note) > maxNote {
		return Refuse(fmt.Errorf("apply settings: give \"who\" in %d bytes at most, and \"note\" in %d", maxWho, maxNote))
	}
	return nil
}

// SettingsApplied is the answer to it.
type SettingsApplied struct {
	Version int            `json:"version,omitempty"` // in the history, if it is kept already
	Trial   *SettingsTrial `json:"trial,omitempty"`   // if it waits to be confirmed
	Token   string         `json:"token,omitempty"`   // confirms it; told this once
	Restart bool           `json:"restart"`           // limpid starts anew in a moment
}

// SettingsToken is the body of POST /v1/settings/confirm.
type SettingsToken struct {
	Token string `json:"token"`
}

// SettingsVersion is a change of the past.
type SettingsVersion struct {
	Number  int       `json:"number"`
	Time    time.Time `json:"time"`
	Who     string    `json:"who,omitempty"`
	Note    string    `json:"note,omitempty"`
	Outcome string    `json:"outcome"` // "kept", "found", "not confirmed", "undone", "failed" or "restarted"
	Text    string    `json:"text,omitempty"`
}

// SettingsHistory is the answer to GET /v1/settings/history, without texts.
type SettingsHistory struct {
	Versions []SettingsVersion `json:"versions"` // the newest first
}

// SettingsKeeper is the part of a Backend that changes the settings.
type SettingsKeeper interface {
	Settings(ctx context.Context) (Settings, error)
	// EditSettings sets keys of a text, and adds to lists in it; it leaves all else of it
	// as it stands.
	EditSettings(ctx context.Context, edit SettingsEdit) (SettingsText, error)
	ReviewSettings(ctx context.Context, text string) (SettingsReview, error)
	ApplySettings(ctx context.Context, change SettingsChange) (SettingsApplied, error)
	ConfirmSettings(ctx context.Context, token string) (SettingsVersion, error)
	UndoSettings(ctx context.Context) (SettingsVersion, error)
	SettingsHistory(ctx context.Context) (SettingsHistory, error)
	// SettingsVersion gives one version with its text.
	SettingsVersion(ctx context.Context, number int) (SettingsVersion, error)
}

func settingsRoutes() []route {
	return []route{
		{"GET", settingsPath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.Settings(r.Context())
		}},
		{"POST", settingsPath + "/edit", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			edit, err := bodyOf[SettingsEdit](r)
			if err != nil {
				return nil, err
			}
			return b.EditSettings(r.Context(), edit)
		}},
		{"POST", settingsPath + "/review", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			text, err := bodyOf[SettingsText](r)
			if err != nil {
				return nil, err
			}
			return b.ReviewSettings(r.Context(), text.Text)
		}},
		{"POST", settingsPath + "/apply", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			change, err := bodyOf[SettingsChange](r)
			if err == nil {
				err = change.check()
			}
			if err != nil {
				return nil, err
			}
			return b.ApplySettings(r.Context(), change)
		}},
		{"POST", settingsPath + "/confirm", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			token, err := bodyOf[SettingsToken](r)
			if err != nil {
				return nil, err
			}
			return b.ConfirmSettings(r.Context(), token.Token)
		}},
		{"POST", settingsPath + "/undo", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.UndoSettings(r.Context())
		}},
		{"GET", settingsPath + "/history", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.SettingsHistory(r.Context())
		}},
		{"GET", settingsPath + "/history/{number}", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			n, err := strconv.Atoi(r.PathValue("number"))
			if err != nil || n < 1 {
				return nil, Refuse(fmt.Errorf("version %q: want a number that GET %s/history gives", r.PathValue("number"), settingsPath))
			}
			return b.SettingsVersion(r.Context(), n)
		}},
	}
}

// bodyOf reads a request's body as JSON, with no fields that nobody knows and nothing behind it.
func bodyOf[T any](r *http.Request) (T, error) {
	var body T
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		return body, Refuse(fmt.Errorf("read request: %w", err))
	}
	if decoder.More() {
		return body, Refuse(errors.New("read request: something follows the object"))
	}
	return body, nil
}

// Settings asks for the settings and all that is known of their keys.
func (c *Client) Settings(ctx context.Context) (Settings, error) {
	var s Settings
	return s, c.ask(ctx, http.MethodGet, settingsPath, nil, &s)
}

// EditSettings has keys of a text set, and added to.
func (c *Client) EditSettings(ctx context.Context, edit SettingsEdit) (SettingsText, error) {
	var t SettingsText
	return t, c.ask(ctx, http.MethodPost, settingsPath+"/edit", edit, &t)
}

// ReviewSettings asks what a text would change.
func (c *Client) ReviewSettings(ctx context.Context, text string) (SettingsReview, error) {
	var r SettingsReview
	return r, c.ask(ctx, http.MethodPost, settingsPath+"/review", SettingsText{text}, &r)
}

// ApplySettings changes the settings, or begins to try a change.
func (c *Client) ApplySettings(ctx context.Context, change SettingsChange) (SettingsApplied, error) {
	var a SettingsApplied
	return a, c.ask(ctx, http.MethodPost, settingsPath+"/apply", change, &a)
}

// ConfirmSettings keeps what is tried.
func (c *Client) ConfirmSettings(ctx context.Context, token string) (SettingsVersion, error) {
	var v SettingsVersion
	return v, c.ask(ctx, http.MethodPost, settingsPath+"/confirm", SettingsToken{token}, &v)
}

// UndoSettings gives up what is tried.
func (c *Client) UndoSettings(ctx context.Context) (SettingsVersion, error) {
	var v SettingsVersion
	return v, c.ask(ctx, http.MethodPost, settingsPath+"/undo", nil, &v)
}

// SettingsHistory lists the changes of the past.
func (c *Client) SettingsHistory(ctx context.Context) (SettingsHistory, error) {
	var h SettingsHistory
	return h, c.ask(ctx, http.MethodGet, settingsPath+"/history", nil, &h)
}

// SettingsVersion asks for one of them, with its text.
func (c *Client) SettingsVersion(ctx context.Context, number int) (SettingsVersion, error) {
	var v SettingsVersion
	return v, c.ask(ctx, http.MethodGet, settingsPath+"/history/"+strconv.Itoa(number), nil, &v)
}
