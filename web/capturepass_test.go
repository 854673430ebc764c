package web

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"limpid/appliance/control"
)

// TestCapturePasses takes the file of a capture over the API while it grows: each part is
// there before the next one is made, so that nobody holds the file. What breaks off at its
// source is not whole at its end.
func TestCapturePasses(t *testing.T) {
	b := guarded()
	file, grow := io.Pipe()
	b.captures.file = file
	place, client := overTLS(t, b)
	get := func(path string) *http.Response {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, place+"/api/v1/capture/"+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+fullToken)
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		return response
	}
	for path, says := range map[string]string{"8/file": "there is none, or no longer", "last/file": "want the number"} {
		response := get(path)
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode/100 == 2 || response.Header.Get("Content-Type") != "application/json" || !strings.Contains(string(text), says) {
			t.Errorf("%s: %s, %v: %s", path, response.Status, err, text)
		}
	}
	response := get("7/file")
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != control.CaptureType {
		t.Fatalf("%s, %v", response.Status, response.Header)
	}
	part := make([]byte, 1<<20)
	for range 4 {
		if _, err := grow.Write(part); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(response.Body, part); err != nil {
			t.Fatal(err)
		}
	}
	_ = grow.CloseWithError(errors.New("gone")) // never fails
	if _, err := io.ReadAll(response.Body); err == nil {
		t.Error("a file that breaks off is taken for a whole one")
	}
}

// Captures and drills are told to have been begun by whose token it was.
func TestTokensSignWhatTheyBegin(t *testing.T) {
	b := guarded()
	v := program(t, newPage(t, b))
	for path, body := range map[string]string{"/v1/capture": `{"who":"10.0.0.1","for":"9s"}`, "/v1/drill": `{"blow":"kill","who":"10.0.0.1"}`} {
		if got := v.call(t.Context(), "POST", "/api"+path, body, full()); got.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, got.text)
		}
		for _, bad := range []string{"", "[]", `{"whom":"10.0.0.1"}`, body + " {}"} {
			if got := v.call(t.Context(), "POST", "/api"+path, bad, full()); got.StatusCode != http.StatusBadRequest {
				t.Errorf("%s %s: %s", path, bad, got.Status)
			}
		}
	}
	const robot = "token robot, 192.0.2.1"
	if len(b.captures.asked) != 1 || b.captures.asked[0].Who != robot || b.captures.asked[0].For == 0 {
		t.Errorf("captures: %+v", b.captures.asked)
	}
	if len(b.struck) != 1 || b.struck[0].Who != robot {
		t.Errorf("drills: %+v", b.struck)
	}
}
