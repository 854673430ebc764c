package web

import (
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

func (b *box) GoBack(context.Context) (control.Update, error) { return b.order("back") }

func (b *box) Reboot(context.Context) (control.Update, error) { return b.order("reboot") }

func (b *box) PlanReboot(_ context.Context, at time.Time) (control.Update, error) {
	if at.IsZero() {
		return b.order("stay")
	}
	return b.order(at.UTC().Format(time.DateTime))
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
		Bundle: control.BundleInfo{Version: "1.3.0", Notes: "Quicker <b>than</b> before.", SignedBy: "5C1B7A0E00000001", Size: 9 << 20},
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
			[]string{"Restart now", "the next start tries it", "3 s at its last start", "Quicker &lt;b&gt;than", "Signed with key <code>5C1B7A0E00000001</code>", "MiB of a bundle.", "Plan it"}, []string{"Not then", "<progress", "Go back</h2>"}},
		"planned": {func(u *control.Update) { u.RebootAt = time.Date(2026, 2, 3, 4, 5, 0, 0, time.UTC) },
			[]string{"2026-02-03 04:05:00", "Not then"}, []string{"Plan it"}},
		"arriving": {func(u *control.Update) {
			u.Phase, u.Progress = control.UpdateReceiving, control.Progress{Done: 1 << 20, Total: 4 << 20, Percent: 25}
		}, []string{`value="25.0"`, "receiving"}, []string{"Restart now"}},
		"to go back to": {func(u *control.Update) { u.Phase, u.Other.BootsLeft = control.UpdateIdle, 8 },
			[]string{"Go back</h2>", "can be gone back to"}, []string{"Restart now"}},
		"on trial": {func(u *control.Update) { u.Phase, u.Healthy = control.UpdateIdle, false },
			[]string{"on trial", "data-trying", "On trial.", "ran before"}, []string{"Send it", "Go back</h2>"}}, // which would be refused
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
	if r := v.post("/update/reboot", nil); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/update?restarting" {
		t.Errorf("reboot: %s", r.text)
	}
	if got := v.get("/update?restarting").text; !strings.Contains(got, "data-rebooting") || strings.Contains(got, "Restart now") {
		t.Errorf("while it restarts: %s", got)
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
	write(conn, "PUT /api/v1/update/bundle HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\nContent-Length: 6\r\nCookie: "+
		v.cookie.Name+"="+v.cookie.Value+"\r\n\r\n")
	for _, part := range []string{"bu", "nd", "le"} {
		time.Sleep(400 * time.Millisecond)
		write(conn, part)
	}
	text, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 200 ") || b.received != 6 {
		t.Errorf("%q, %v; %d bytes came", text, err, b.received)
	}
}
