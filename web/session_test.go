package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func of(hash string) holder { return holder{owners, hash} }

// valid says whether a request is of an owner who has logged in with a password.
func (s *sessions) valid(r *http.Request, hash string) bool {
	return s.scope(r, []holder{of(hash)}) == owners
}

func begun(t *testing.T, s *sessions) *http.Request {
	t.Helper()
	w := httptest.NewRecorder()
	s.begin(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", http.NoBody), of("hash"))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	r.AddCookie(&http.Cookie{Name: cookieName, Value: valueOf(t, w.Header().Get("Set-Cookie"))})
	return r
}

func TestSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSessions(time.Now)
		quiet, busy := begun(t, s), begun(t, s)
		if s.valid(quiet, "other hash") {
			t.Error("valid with another password")
		}
		quiet = begun(t, s)
		for range 6 * 24 {
			time.Sleep(time.Hour)
			if !s.valid(busy, "hash") {
				t.Fatal("a session that is used has ended")
			}
		}
		if s.valid(quiet, "hash") {
			t.Error("a session that is not used lives on")
		}
		for range 25 {
			time.Sleep(time.Hour)
			s.valid(busy, "hash")
		}
		if s.valid(busy, "hash") || len(s.all) != 0 {
			t.Errorf("a session of more than a week is valid; %d are kept", len(s.all))
		}
	})
}

func TestSessionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSessions(time.Now)
		first := begun(t, s)
		time.Sleep(time.Second)
		second := begun(t, s)
		for range maxSessions - 1 {
			time.Sleep(time.Second)
			begun(t, s)
		}
		if s.valid(first, "hash") || !s.valid(second, "hash") || len(s.all) != maxSessions {
			t.Errorf("of %d sessions the oldest is valid: %v, the second: %v", len(s.all), s.valid(first, "hash"), s.valid(second, "hash"))
		}
	})
}

func valueOf(t *testing.T, header string) string {
	t.Helper()
	cookie, err := http.ParseSetCookie(header)
	if err != nil {
		t.Fatal(err)
	}
	return cookie.Value
}
