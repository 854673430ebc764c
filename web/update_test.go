package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

func (b *box) Update(context.Context) (control.Update, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.update, b.err
}

func (b *box) Upload(_ context.Context, upload control.Upload, body io.Reader) (control.Update, error) {
	data, err := io.ReadAll(body)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.uploads, b.sent = append(b.uploads, upload), append(b.sent, data...)
	return b.update, errors.Join(err, b.refusal)
}

func (b *box) GoBack(context.Context) (control.Update, error) { return b.order("back") }

func (b *box) Reboot(context.Context) (control.Update, error) { return b.order("reboot") }

func (b *box) PlanReboot(_ context.Context, at time.Time) (control.Update, error) {
	if at.IsZero() {
		return b.order("stay")
	}
	return b.order(at.Local().Format(time.DateTime))
}

func (b *box) order(what string) (control.Update, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refusal == nil {
		b.orders = append(b.orders, what)
	}
	return b.update, b.refusal
}

// slotted is a box that runs from slot a and has other firmware to try in slot b.
func slotted() *box {
	b := whole()
	b.update = control.Update{
		Slots: true, Version: "1.2.3", Board: "x86_64", Running: "a", Healthy: true, Phase: control.UpdateReady,
		Other:  control.OtherSlot{Slot: "b", Version: "1.3.0", BootsLeft: 1},
		Bundle: control.BundleInfo{Version: "1.3.0", Notes: "Quicker <b>than</b> before."},
	}
	b.status.Box = &control.Box{Phases: []control.Phase{{Name: "bridge", Begun: 2, Took: 1.4}}}
	return b
}

func TestUpdateInWords(t *testing.T) {
	for name, c := range map[string]struct {
		change       func(*control.Update)
		says, hushes []string
	}{
		"to try": {func(*control.Update) {},
			[]string{"Restart now", "the next start tries it", "3 s at its last start", "Quicker &lt;b&gt;than", "Plan it"}, []string{"Not then", "<progress", "Go back</h2>"}},
		"planned": {func(u *control.Update) { u.RebootAt = time.Date(2026, 2, 3, 4, 5, 0, 0, time.Local) },
			[]string{"2026-02-03 04:05:00", "Not then"}, []string{"Plan it"}},
		"arriving": {func(u *control.Update) {
			u.Phase, u.Progress = control.UpdateReceiving, control.Progress{Done: 1 << 20, Total: 4 << 20, Percent: 25}
		}, []string{`value="25.0"`, "receiving"}, []string{"Restart now"}},
		"to go back to": {func(u *control.Update) { u.Phase, u.Other.BootsLeft = control.UpdateIdle, 8 },
			[]string{"Go back</h2>", "can be gone back to"}, []string{"Restart now"}},
		"on trial": {func(u *control.Update) { u.Phase, u.Healthy = control.UpdateIdle, false },
			[]string{"on trial", "data-trying"}, nil},
		"failed": {func(u *control.Update) { u.Phase, u.Problem = control.UpdateFailed, "check signature: forged" },
			[]string{"check signature: forged"}, []string{"Restart now"}},
		"no slots": {func(u *control.Update) { *u = control.Update{Version: "1.2.3", Board: "x86_64"} },
			[]string{"nothing to update from here"}, []string{"Send firmware", "Go back"}},
	} {
		b := slotted()
		c.change(&b.update)
		got := owner(t, newPage(t, b)).get("/update").text
		for _, text := range c.says {
			if !strings.Contains(got, text) {
				t.Errorf("%s: it does not say %q:\n%s", name, text, got)
			}
		}
		for _, text := range c.hushes {
			if strings.Contains(got, text) {
				t.Errorf("%s: it says %q:\n%s", name, text, got)
			}
		}
	}
}

func TestUpdateIsOrdered(t *testing.T) {
	b := slotted()
	v := owner(t, newPage(t, b))
	for _, path := range []string{"back", "stay"} {
		if r := v.post("/update/"+path, nil); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/update" {
			t.Errorf("%s: %s", path, r.text)
		}
	}
	if r := v.post("/update/plan", field("at", "2026-02-03T04:05")); r.StatusCode != http.StatusSeeOther {
		t.Errorf("plan: %s", r.text)
	}
	if r := v.post("/update/plan", field("at", "soon")); r.StatusCode != http.StatusBadRequest || !strings.Contains(r.text, "Say when") {
		t.Errorf("plan soon: %s", r.text)
	}
	if r := v.post("/update/reboot", nil); r.StatusCode != http.StatusOK || !strings.Contains(r.text, "data-rebooting") {
		t.Errorf("reboot: %s", r.text)
	}
	if got := strings.Join(b.orders, ", "); got != "back, stay, 2026-02-03 04:05:00, reboot" {
		t.Errorf("ordered: %s", got)
	}
	b.set(func(b *box) { b.refusal = errors.New("there is nothing to try") })
	for _, path := range []string{"back", "stay", "reboot"} {
		if r := v.post("/update/"+path, nil); r.StatusCode != http.StatusConflict || !strings.Contains(r.text, "There is nothing to try.") {
			t.Errorf("%s that is refused: %s", path, r.text)
		}
	}
}

// put sends a part of a bundle.
func (v *visitor) put(query string, body io.Reader) answer {
	r := httptest.NewRequestWithContext(v.t.Context(), http.MethodPut, "https://192.0.2.10/update/bundle?"+query, body)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.do(r)
}

func TestStrangersUpdateNothing(t *testing.T) {
	b := slotted()
	b.hash = "set"
	v := &visitor{t: t, handler: newPage(t, b).Handler()}
	for _, path := range []string{"/update", "/update/state"} {
		if r := v.get(path); r.StatusCode != http.StatusForbidden || strings.Contains(r.text, "1.3.0") {
			t.Errorf("%s: %s", path, r.text)
		}
	}
	for _, path := range []string{"reboot", "plan", "stay", "back"} {
		if r := v.post("/update/"+path, nil); r.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", path, r.text)
		}
	}
	if r := v.put("offset=0", strings.NewReader("bundle")); r.StatusCode != http.StatusForbidden {
		t.Errorf("bundle: %s", r.text)
	}
	if len(b.orders)+len(b.uploads) != 0 {
		t.Errorf("ordered %v, sent %v", b.orders, b.uploads)
	}
}

// A bundle is longer than any form, and comes in two parts, over a real connection.
func TestBundleIsSent(t *testing.T) {
	b := slotted()
	p := newPage(t, b)
	v := owner(t, p)
	server := httptest.NewUnstartedServer(p.Handler())
	server.StartTLS()
	defer server.Close()
	bundle := bytes.Repeat([]byte("bundle "), maxSettings/4)
	send := func(query string, data []byte) answer {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+"/update/bundle?"+query, bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.AddCookie(v.cookie)
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer{StatusCode: response.StatusCode, text: string(text)}
	}
	const cut = 1 << 20
	if r := send("offset=0&sha256=abc&downgrade=true", bundle[:cut]); r.StatusCode != http.StatusOK || !strings.Contains(r.text, `"phase":"ready"`) {
		t.Fatalf("%d %s", r.StatusCode, r.text)
	}
	if r := send("offset=1048576", bundle[cut:]); r.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", r.StatusCode, r.text)
	}
	want := []control.Upload{{SHA256: "abc", Size: cut, Downgrade: true}, {Offset: cut, Size: int64(len(bundle))}}
	if !bytes.Equal(b.sent, bundle) || len(b.uploads) != 2 || b.uploads[0] != want[0] || b.uploads[1] != want[1] {
		t.Errorf("%d bytes came, as %+v", len(b.sent), b.uploads)
	}
	b.set(func(b *box) { b.refusal = errors.New("check signature: forged") })
	if r := send("offset=0", bundle); r.StatusCode != http.StatusConflict || r.text != "Check signature: forged." {
		t.Errorf("%d %s", r.StatusCode, r.text)
	}
	for _, query := range []string{"", "offset=x", "offset=-1", "offset=99999999999"} {
		if r := send(query, bundle[:1]); r.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %d %s", query, r.StatusCode, r.text)
		}
	}
}

// A bundle may take longer than any other request, as long as it keeps coming.
func TestBundleThatTakesItsTime(t *testing.T) {
	b := slotted()
	p := newPage(t, b)
	v := owner(t, p)
	server := httptest.NewUnstartedServer(p.Handler())
	server.Config.ReadTimeout, server.Config.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond
	server.StartTLS()
	defer server.Close()
	transport, ok := server.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("no transport")
	}
	conn, err := (&tls.Dialer{Config: transport.TLSClientConfig}).DialContext(t.Context(), "tcp", strings.TrimPrefix(server.URL, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	write := func(c net.Conn, text string) {
		t.Helper()
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
	}
	write(conn, "PUT /update/bundle?offset=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\nContent-Length: 6\r\nCookie: "+
		v.cookie.Name+"="+v.cookie.Value+"\r\n\r\n")
	for _, part := range []string{"bu", "nd", "le"} {
		time.Sleep(400 * time.Millisecond)
		write(conn, part)
	}
	text, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 200 ") || string(b.sent) != "bundle" {
		t.Errorf("%q, %v; %q came", text, err, b.sent)
	}
}
