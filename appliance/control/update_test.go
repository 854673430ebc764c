package control

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A bundle is longer than any other question, and comes in two pieces here.
func TestUpload(t *testing.T) {
	backend := &fake{}
	client := serve(t, backend)
	data := bytes.Repeat([]byte("bundle "), maxBody)
	cut := int64(len(data) / 3)
	upload := Upload{SHA256: strings.Repeat("0", 64), Size: cut, Downgrade: true}
	u, err := client.Upload(t.Context(), upload, bytes.NewReader(data[:cut]))
	if err != nil || backend.upload != upload || u.Bundle.Received != cut {
		t.Fatalf("%v; the backend was asked %+v and answered %+v", err, backend.upload, u)
	}
	upload = Upload{Offset: cut, Size: int64(len(data))}
	if _, err := client.Upload(t.Context(), upload, bytes.NewReader(data[cut:])); err != nil || backend.upload != upload || !bytes.Equal(backend.sent, data) {
		t.Fatalf("%v; the backend was asked %+v and got %d bytes", err, backend.upload, len(backend.sent))
	}
	if u, err := client.Update(t.Context()); err != nil || !u.Slots || u.Phase != UpdateIdle {
		t.Errorf("%+v, %v", u, err)
	}
	for name, ask := range map[string]func() error{
		"back":   func() error { _, err := client.GoBack(t.Context()); return err },
		"reboot": func() error { _, err := client.Reboot(t.Context()); return err },
	} {
		backend.err = nil
		if err := ask(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		backend.err = errors.New("no")
		if err := ask(); err == nil || err.Error() != "no" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A reboot is planned, planned anew and called off.
func TestPlanReboot(t *testing.T) {
	backend := &fake{}
	client := serve(t, backend)
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, when := range []time.Time{at, {}} {
		if _, err := client.PlanReboot(t.Context(), when); err != nil {
			t.Fatal(err)
		}
	}
	if len(backend.planned) != 2 || !backend.planned[0].Equal(at) || !backend.planned[1].IsZero() {
		t.Errorf("planned %v", backend.planned)
	}
	for _, body := range []string{"", "{}", `{"at":"soon"}`, `{"at":"2026-02-03T04:05:06Z","or":1}`} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/v1/update/reboot", strings.NewReader(body))
		w := httptest.NewRecorder()
		Handler(backend).ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest {
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	}
	if len(backend.planned) != 2 {
		t.Errorf("planned %v", backend.planned)
	}
}

// What is refused is told although nobody reads the rest.
func TestUploadThatIsRefused(t *testing.T) {
	backend := &fake{err: Refuse(errors.New("check signature: forged"))}
	client := serve(t, backend)
	size := int64(32 << 20)
	_, err := client.Upload(t.Context(), Upload{Size: size}, io.LimitReader(zero{}, size))
	if err == nil || err.Error() != "check signature: forged" {
		t.Error(err)
	}
}

// zero is an endless stream.
type zero struct{}

func (zero) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestUploadNeedsItsLength(t *testing.T) {
	server := httptest.NewServer(Handler(&fake{}))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+bundlePath, io.MultiReader(strings.NewReader("x")))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || response.StatusCode != 400 || !strings.Contains(string(text), "send its length") {
		t.Errorf("%d %s, %v", response.StatusCode, text, err)
	}
}
