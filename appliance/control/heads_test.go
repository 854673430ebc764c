package control

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// headKeeper is a backend that records heads.
type headKeeper struct {
	fake
	after   uint64
	request HeadsRequest
	did     []string
	err     error
}

func (k *headKeeper) Heads(_ context.Context, after uint64) (Heads, error) {
	k.after = after
	return Heads{Begun: true, Heads: []HeadPair{{ID: 9, Request: Head{Text: "GET /\u00ff", Bytes: 6}}}, Cursor: 9}, k.err
}

func (k *headKeeper) RecordHeads(_ context.Context, request HeadsRequest) (Heads, error) {
	k.request = request
	return Heads{Recording: true}, k.err
}

func (k *headKeeper) StopHeads(context.Context) (Heads, error) {
	k.did = append(k.did, "stop")
	return Heads{}, k.err
}

func (k *headKeeper) ForgetHeads(context.Context) (Heads, error) {
	k.did = append(k.did, "forget")
	return Heads{}, k.err
}

func TestHeadsOverTheSocket(t *testing.T) {
	k := &headKeeper{}
	client := serve(t, k)
	if h, err := client.RecordHeads(t.Context(), HeadsRequest{}); err != nil || !h.Recording || !reflect.DeepEqual(k.request, HeadsRequest{For: Duration(10 * time.Minute), Count: 256}) {
		t.Errorf("with nothing said: %+v, %v; asked for %+v", h, err, k.request)
	}
	request := HeadsRequest{Filter: map[string]string{"host": "*.a b"}, For: Duration(time.Second), Count: 3, Who: "x"}
	if _, err := client.RecordHeads(t.Context(), request); err != nil || !reflect.DeepEqual(k.request, request) {
		t.Errorf("%v; asked for %+v", err, k.request)
	}
	if h, err := client.Heads(t.Context(), 7); err != nil || k.after != 7 || h.Cursor != 9 || h.Heads[0].Request.Text != "GET /\u00ff" {
		t.Errorf("%+v, %v; after %d", h, err, k.after)
	}
	_, stop := client.StopHeads(t.Context())
	_, forget := client.ForgetHeads(t.Context())
	if stop != nil || forget != nil || strings.Join(k.did, " ") != "stop forget" {
		t.Errorf("%v, %v, did %v", stop, forget, k.did)
	}
	k.err = Refuse(errors.New("heads are being recorded already: stop that first"))
	if _, err := client.RecordHeads(t.Context(), request); err == nil || err.Error() != "heads are being recorded already: stop that first" {
		t.Errorf("a second one: %v", err)
	}
}

func TestHeadsThatCannotBe(t *testing.T) {
	k := &headKeeper{}
	handler := Handler(k)
	for _, c := range [][3]string{
		{"PUT", "/v1/log/heads", `{"for":"11m"}`}, {"PUT", "/v1/log/heads", `{"for":"-1s"}`}, {"PUT", "/v1/log/heads", `{"count":257}`}, {"PUT", "/v1/log/heads", `{"count":-1}`},
		{"PUT", "/v1/log/heads", `{"for":60}`}, {"PUT", "/v1/log/heads", `{"what":1}`}, {"PUT", "/v1/log/heads", ``}, {"PUT", "/v1/log/heads", `{"who":"` + strings.Repeat("a", 257) + `"}`},
		{"GET", "/v1/log/heads?after=x", ""}, {"GET", "/v1/log/heads?after=-1", ""},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c[0], c[1], strings.NewReader(c[2])))
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"error"`) {
			t.Errorf("%v: %d %s", c, w.Code, w.Body)
		}
	}
	if !reflect.DeepEqual(k.request, HeadsRequest{}) {
		t.Errorf("asked for %+v", k.request)
	}
}
