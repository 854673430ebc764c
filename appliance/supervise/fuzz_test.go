package supervise

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/credential"
)

// FuzzSettingsCalls edits and reviews any text of settings, as those who call the API
// may, and tokens and passwords as the page may: what is wrong is the asker's fault,
// and said in one line.
func FuzzSettingsCalls(f *testing.F) {
	f.Add("[bridge]\nports = [\"eth0\", \"eth1\"]\n", "proxy.port", "9090")
	f.Add("# mine\n[proxy]\nport = 1 # one\n[bridge]\n", "proxy.port", "\"x\"\n[web]")
	f.Add("proxy = { port = 1 }\n", "intercept.bypass", "[{client = \"10.0.0.0/8\"}]")
	f.Add("[[proxy]]\n", "bridge", "{}")
	f.Add("a = '''\n", "", "")
	f.Add("", "", "$argon2id")
	f.Add("\xff\x00[proxy", "proxy.port", "inf")
	s := &Supervisor{Options: Options{Log: slog.New(slog.DiscardHandler)}, config: config.Default(), page: &page{store: credential.Open("")}}
	handler := control.Handler(backend{s})
	f.Fuzz(func(t *testing.T, text, key, value string) {
		for path, body := range map[string]any{
			"/v1/settings/edit":   control.SettingsEdit{Text: text, Set: map[string]string{key: value, "proxy.port": value}, Add: map[string][]string{key: {value}, "intercept.bypass": {value, value}}},
			"/v1/settings/review": control.SettingsText{Text: text},
			"/v1/settings/apply":  control.SettingsChange{Text: text, Base: key, Note: value},
			"/v1/web/tokens":      control.TokenRequest{Name: text, Scope: control.ScopeRead, Digest: value},
			"/v1/web/password":    control.PasswordChange{Old: text, New: value},
		} {
			content, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			method := http.MethodPost
			if path == "/v1/web/password" {
				method = http.MethodPut
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(string(content))))
			var said struct{ Error string }
			if err := json.Unmarshal(w.Body.Bytes(), &said); w.Code >= 500 || err != nil || strings.Contains(said.Error, "\n") {
				t.Errorf("%s with %s: %d %s", path, content, w.Code, w.Body)
			}
		}
	})
}
