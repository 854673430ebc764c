package control

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// FuzzHandler asks anything of the API: it is answered, and what is wrong is the
// asker's fault.
func FuzzHandler(f *testing.F) {
	for _, o := range Operations() {
		f.Add(o.Method, strings.NewReplacer("{id}", "7", "{number}", "7").Replace(o.Path), "limit=3&span=10m", `{"on":true,"for":"10m"}`)
		f.Add(o.Method, strings.NewReplacer("{id}", "%2f", "{number}", "-1").Replace(o.Path), "limit=x&limit=y", `{"text":"[proxy]","set":{"a":""}} {}`)
	}
	f.Add("POST", "/v1/web/tokens", "", `{"name":"a","scope":"read","digest":"`+digest+`"}`)
	f.Add("PUT", "/v1/web/password", "", `{"old":"","new":"$argon2id"}`)
	f.Add("PUT", "/v1/update/bundle", "offset=9223372036854775807", "x")
	handler := Handler(&capturer{fake: fake{SettingsKeeper: agreeable{}, HeadKeeper: &headKeeper{}}, file: io.NopCloser(strings.NewReader("frames"))})
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		request, err := http.NewRequestWithContext(t.Context(), method, "http://limpid", strings.NewReader(body))
		if err != nil {
			return // no method
		}
		request.URL.Path, request.URL.RawQuery = path, query
		w := timed{httptest.NewRecorder()}
		handler.ServeHTTP(w, request)
		if w.Code >= 500 {
			t.Errorf("%s %q?%q with %q: %d %s", method, path, query, body, w.Code, w.Body)
		}
	})
}

// timed is a recorder that takes deadlines, as a connection does.
type timed struct{ *httptest.ResponseRecorder }

func (timed) SetReadDeadline(time.Time) error { return nil }

func (timed) SetWriteDeadline(time.Time) error { return nil }

// agreeable takes all settings.
type agreeable struct{}

func (agreeable) Settings(context.Context) (Settings, error) { return Settings{}, nil }

func (agreeable) EditSettings(_ context.Context, edit SettingsEdit) (SettingsText, error) {
	return SettingsText{edit.Text}, nil
}

func (agreeable) ReviewSettings(context.Context, string) (SettingsReview, error) {
	return SettingsReview{}, nil
}

func (agreeable) ApplySettings(context.Context, SettingsChange) (SettingsApplied, error) {
	return SettingsApplied{}, nil
}

func (agreeable) ConfirmSettings(context.Context, string) (SettingsVersion, error) {
	return SettingsVersion{}, nil
}

func (agreeable) UndoSettings(context.Context) (SettingsVersion, error) {
	return SettingsVersion{}, nil
}

func (agreeable) SettingsHistory(context.Context) (SettingsHistory, error) {
	return SettingsHistory{}, nil
}

func (agreeable) SettingsVersion(context.Context, int) (SettingsVersion, error) {
	return SettingsVersion{}, nil
}
