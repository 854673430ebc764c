package control

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestTokensOverTheSocket(t *testing.T) {
	backend := &fake{}
	client := serve(t, backend)
	made, err := client.AddToken(t.Context(), TokenRequest{Name: "graphs", Scope: ScopeRead, Digest: digest})
	if err != nil || made.ID != "1" || backend.token != (TokenRequest{"graphs", ScopeRead, digest}) {
		t.Errorf("%+v, %v; backend got %+v", made, err, backend.token)
	}
	if list, err := client.Tokens(t.Context()); err != nil || len(list.Tokens) != 1 || list.Tokens[0].Name != "graphs" {
		t.Errorf("%+v, %v", list, err)
	}
	if err := client.UseToken(t.Context(), "1"); err != nil || backend.id != "used 1" {
		t.Errorf("%v, %q", err, backend.id)
	}
	if err := client.RemoveToken(t.Context(), "a/b"); err != nil || backend.id != "a/b" {
		t.Errorf("%v, %q", err, backend.id)
	}
	if err := client.SetReader(t.Context(), PasswordChange{Old: "one"}); err != nil || backend.reader != (PasswordChange{Old: "one"}) {
		t.Errorf("%v, %+v", err, backend.reader)
	}
	for name, request := range map[string]TokenRequest{
		"no name": {"", ScopeRead, digest}, "long name": {strings.Repeat("ä", MaxTokenName+1), ScopeRead, digest},
		"a line": {"a\nb", ScopeRead, digest}, "no scope": {"a", "", digest}, "foreign scope": {"a", ScopeSocket, digest},
		"no digest": {"a", ScopeFull, ""}, "short digest": {"a", ScopeFull, digest[1:]}, "in capitals": {"a", ScopeFull, strings.ToUpper(digest)},
	} {
		backend.token = TokenRequest{}
		if _, err := client.AddToken(t.Context(), request); err == nil || strings.Contains(err.Error(), "\n") || backend.token != (TokenRequest{}) {
			t.Errorf("%s: %v, %+v", name, err, backend.token)
		}
	}
}

// What is passed on arrives as it is, and so does what comes back.
func TestPass(t *testing.T) {
	client := serve(t, &fake{})
	for _, c := range []struct {
		call Call
		code int
		says string
	}{
		{Call{Method: http.MethodGet, Path: "/v1/status"}, 200, `"mode": "inline"`},
		{Call{Method: http.MethodGet, Path: "/v1/flows?limit=x"}, 400, "want a number"},
		{Call{Method: http.MethodPost, Path: "/v1/bypass", Body: strings.NewReader(`{"on":true}`), Length: 11}, 200, `"mode": "bypass"`},
		{Call{Method: http.MethodPut, Path: "/v1/update/bundle", Body: strings.NewReader("bundle"), Length: 6, Patient: true}, 200, `"received": 6`},
		{Call{Method: http.MethodPut, Path: "/v1/update/bundle", Patient: true}, 200, `"received": 6`},
		{Call{Method: http.MethodGet, Path: "/v1/none"}, 404, ""},
	} {
		response, err := client.Pass(t.Context(), c.call)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != c.code || !strings.Contains(string(text), c.says) {
			t.Errorf("%s %s: %s, %v: %s", c.call.Method, c.call.Path, response.Status, err, text)
		}
	}
}
