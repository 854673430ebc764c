package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"limpid/appliance/control"
)

// captures is the part of a box that records.
type captures struct {
	last   *control.PacketCapture
	asked  []control.CaptureRequest
	file   io.Reader
	closed bool
	did    []string
}

func (b *box) PacketCapture(context.Context) (control.CaptureState, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return control.CaptureState{Capture: b.captures.last}, b.err
}

func (b *box) StartCapture(_ context.Context, request control.CaptureRequest) (control.PacketCapture, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.captures.last != nil && b.captures.last.Running {
		return control.PacketCapture{}, errors.New("capture: there is one already, for another 9 s: stop it, or wait")
	}
	b.captures.asked = append(b.captures.asked, request)
	b.captures.last = &control.PacketCapture{CaptureRequest: request, ID: 7, Running: true, Begun: time.Now(), Left: 9}
	return *b.captures.last, b.err
}

func (b *box) StopCapture(_ context.Context, id uint64) (control.PacketCapture, error) {
	return control.PacketCapture{}, b.doCapture("stop", id)
}

func (b *box) ForgetCapture(_ context.Context, id uint64) error { return b.doCapture("forget", id) }

func (b *box) doCapture(what string, id uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.captures.last == nil || b.captures.last.ID != id {
		return fmt.Errorf("capture %d: there is none, or no longer", id)
	}
	b.captures.did = append(b.captures.did, what)
	return b.err
}

func (b *box) ReadCapture(_ context.Context, id uint64) (io.ReadCloser, error) {
	if err := b.doCapture("read", id); err != nil {
		return nil, err
	}
	return &closing{b.captures.file, &b.captures.closed}, nil
}

type closing struct {
	io.Reader
	closed *bool
}

func (c *closing) Close() error { *c.closed = true; return nil }

func TestStrangersDoNotCapture(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	owner(t, p)
	stranger := &visitor{t: t, handler: p.Handler()}
	b.captures.last = &control.PacketCapture{ID: 7, CaptureRequest: control.CaptureRequest{Host: netip.MustParseAddr("192.0.2.77")}}
	for _, path := range []string{"/capture", "/capture/live", "/capture/7/file"} {
		if r := stranger.get(path); r.StatusCode != http.StatusForbidden || strings.Contains(r.text, "192.0.2.77") {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
	for _, path := range []string{"/capture", "/capture/7/stop", "/capture/7/forget"} {
		if r := stranger.post(path, nil); r.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
	if len(b.captures.asked)+len(b.captures.did) != 0 {
		t.Errorf("strangers did %v, %v", b.captures.asked, b.captures.did)
	}
}

func TestCapture(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	if r := v.get("/capture"); r.StatusCode != http.StatusOK || !strings.Contains(r.text, ">Start<") || strings.Contains(r.text, "Download") || !strings.Contains(r.text, `aria-current="page">Capture`) {
		t.Fatalf("before the first: %s", r.text)
	}
	form := field("side", "client", "host", " 2001:db8::1 ", "port", "80", "vlan", "42", "for", "10s", "size", "4")
	if r := v.post("/capture", form); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("start: %s", r.text)
	}
	want := control.CaptureRequest{Side: "client", Host: netip.MustParseAddr("2001:db8::1"), Port: 80, VLAN: 42, For: control.Duration(10 * time.Second), Size: 4 << 20, Who: "192.0.2.1"}
	if got := b.captures.asked[0]; got != want {
		t.Errorf("asked for %+v, want %+v", got, want)
	}
	text := v.get("/capture").text
	for _, want := range []string{"Recording", "2001:db8::1, port 80, VLAN 42", `action="/capture/7/stop"`, `data-running="true"`, `http-equiv="refresh" content="10; url=/capture"`} {
		if !strings.Contains(text, want) {
			t.Errorf("while it goes on, %q is not in %s", want, text)
		}
	}
	// Who is refused has typed nothing in vain.
	if r := v.post("/capture", field("host", "192.0.2.5")); r.StatusCode != http.StatusConflict || !strings.Contains(r.text, "for another 9 s") || !strings.Contains(r.text, `value="192.0.2.5"`) {
		t.Errorf("a second one: %s", r.text)
	}
	if r := v.post("/capture/7/stop", nil); r.StatusCode != http.StatusSeeOther {
		t.Errorf("stop: %s", r.Status)
	}
	b.captures.last.Running, b.captures.last.Outcome, b.captures.last.Dropped, b.captures.last.Frames = false, "stopped", 3, 1234
	text = v.get("/capture/live").text
	for _, want := range []string{"until it was stopped", `href="/capture/7/file" download`, `action="/capture/7/forget"`, "3 frames came too fast", "1 234"} {
		if !strings.Contains(strings.ReplaceAll(text, "\u202f", " "), want) {
			t.Errorf("at the end, %q is not in %s", want, text)
		}
	}
	b.captures.file = strings.NewReader("frames")
	r := v.get("/capture/7/file")
	if r.StatusCode != http.StatusOK || !strings.HasSuffix(r.text, "frames") || r.Header.Get("Content-Type") != control.CaptureType ||
		!strings.Contains(r.Header.Get("Content-Disposition"), `.pcapng"`) || !b.captures.closed {
		t.Errorf("download: %s", r.text)
	}
	if r := v.post("/capture/7/forget", nil); r.StatusCode != http.StatusSeeOther || strings.Join(b.captures.did, " ") != "stop read forget" {
		t.Errorf("forget: %s, done: %v", r.Status, b.captures.did)
	}
	b.captures.last = nil
	for _, path := range []string{"/capture/7/stop", "/capture/7/forget"} {
		if r := v.post(path, nil); r.StatusCode != http.StatusConflict || !strings.Contains(r.text, "there is none, or no longer") {
			t.Errorf("%s of none: %s", path, r.Status)
		}
	}
	if r := v.get("/capture/7/file"); r.StatusCode != http.StatusConflict {
		t.Errorf("download of none: %s", r.Status)
	}
}

func TestCaptureFormIsChecked(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	for _, form := range []url.Values{
		field("host", "example.net"), field("host", "fe80::1%eth0"), field("host", "192.0.2.0/24"), field("port", "0"), field("port", "65536"), field("port", "http"),
		field("vlan", "0"), field("vlan", "4095"), field("vlan", "4096"), field("for", "long"), field("size", "all"),
	} {
		if r := v.post("/capture", form); r.StatusCode != http.StatusBadRequest || !strings.Contains(r.text, `role="alert"`) {
			t.Errorf("%v: %s", form, r.Status)
		}
	}
	if r := v.post("/capture/x/stop", nil); r.StatusCode != http.StatusBadRequest {
		t.Errorf("a number that is none: %s", r.Status)
	}
	if len(b.captures.asked)+len(b.captures.did) != 0 {
		t.Errorf("done: %v, %v", b.captures.asked, b.captures.did)
	}
}

// A file that breaks off must not look whole.
func TestCaptureBreaksOff(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	b.captures.last = &control.PacketCapture{ID: 7}
	b.captures.file = io.MultiReader(strings.NewReader("some"), iotest.ErrReader(errors.New("gone")))
	defer func() {
		if got := recover(); got != http.ErrAbortHandler { //nolint:errorlint // it is what net/http compares with
			t.Errorf("the answer ends with %v", got)
		}
	}()
	v.get("/capture/7/file")
}
