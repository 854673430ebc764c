package supervise

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"limpid/appliance/control"
	"limpid/appliance/credential"
)

// TestTokensAreKept makes, uses and revokes tokens, and a second password, as the page
// has it done; what is the asker's fault is said to be.
func TestTokensAreKept(t *testing.T) {
	const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	s := &Supervisor{Options: Options{Log: slog.New(slog.DiscardHandler)}, page: &page{store: credential.Open(t.TempDir())}}
	handler := control.Handler(backend{s})
	make1 := `{"name":"graphs","scope":"read","digest":"` + digest + `"}`
	for i, c := range []struct {
		method, path, body string
		code               int
		says               string
	}{
		{"GET", "/v1/web/tokens", "", 200, `"tokens": []`},
		{"POST", "/v1/web/tokens", make1, 400, "no password is set yet"},
		{"PUT", "/v1/web/reader", `{"old":"","new":"r"}`, 400, "no password is set yet"},
		{"PUT", "/v1/web/password", `{"old":"","new":"h"}`, 200, ""},
		{"POST", "/v1/web/tokens", make1, 200, `"id": "0123456789ab"`},
		{"POST", "/v1/web/tokens", make1, 400, "another one has that name"},
		{"GET", "/v1/web/tokens", "", 200, `"name": "graphs"`},
		{"POST", "/v1/web/tokens/0123456789ab/used", "", 200, ""},
		{"GET", "/v1/web/tokens", "", 200, `"used": "2`},
		{"POST", "/v1/web/tokens/none/used", "", 400, "no such token"},
		{"PUT", "/v1/web/reader", `{"old":"","new":"r"}`, 200, ""},
		{"PUT", "/v1/web/reader", `{"old":"","new":"s"}`, 400, "set meanwhile"},
		{"GET", "/v1/web/password", "", 200, `"reader": "r"`},
		{"PUT", "/v1/web/reader", `{"old":"r","new":""}`, 200, ""},
		{"GET", "/v1/web/password", "", 200, `"hash": "h"`},
		{"DELETE", "/v1/web/tokens/0123456789ab", "", 200, ""},
		{"DELETE", "/v1/web/tokens/0123456789ab", "", 400, "no such token"},
		{"GET", "/v1/web/tokens", "", 200, `"tokens": []`},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(c.body)))
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%d: %s %s: %d %s, want %d with %q", i, c.method, c.path, w.Code, w.Body, c.code, c.says)
		}
		if w.Code != http.StatusOK && strings.Count(strings.TrimSpace(w.Body.String()), "\n") != 2 {
			t.Errorf("%d: %s", i, w.Body)
		}
	}
}
