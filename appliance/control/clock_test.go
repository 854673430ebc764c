package control

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestClockIsSet(t *testing.T) {
	backend := &fake{}
	client := serve(t, backend)
	at := time.Date(2026, 12, 24, 18, 0, 0, 0, time.FixedZone("", 3600))
	if c, err := client.SetClock(t.Context(), at); err != nil || !backend.clock.Equal(at) || !c.Time.Equal(at.Add(time.Second)) {
		t.Errorf("%+v, %v; backend got %v", c, err, backend.clock)
	}
	for body, says := range map[string]string{
		`{}`: `give \"time\"`, `{"time":"noon"}`: "read request", `{"time":"2026-12-24T18:00:00Z","zone":"UTC"}`: "unknown field",
	} {
		backend.clock = time.Time{}
		w := httptest.NewRecorder()
		Handler(backend).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPut, clockPath, strings.NewReader(body)))
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), says) || !backend.clock.IsZero() {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	backend.err = Refuse(errors.New("its host keeps the time"))
	if _, err := client.SetClock(t.Context(), at); err == nil || err.Error() != "its host keeps the time" {
		t.Error(err)
	}
}

func TestStarted(t *testing.T) {
	backend := &fake{}
	client := serve(t, backend)
	for _, want := range []bool{true, false} {
		if err := client.SetStarted(t.Context(), want); err != nil || backend.started[len(backend.started)-1] != want {
			t.Errorf("%v: %v; backend got %v", want, err, backend.started)
		}
	}
}

func TestClockThatIsToldOn(t *testing.T) {
	dir := t.TempDir()
	if c, err := ReadClock(dir); err != nil || !c.Time.IsZero() {
		t.Errorf("before anybody told: %v, %v", c, err)
	}
	at := time.Unix(1_800_000_000, 5)
	if err := WriteClock(dir, Clock{at}); err != nil {
		t.Fatal(err)
	}
	if c, err := ReadClock(dir); err != nil || !c.Time.Equal(at) {
		t.Errorf("%v, %v", c, err)
	}
	if err := os.WriteFile(filepath.Join(dir, clockName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := ReadClock(dir); err == nil {
		t.Errorf("nonsense is %v", c)
	}
}
