package page

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"limpid/test/lab"
)

// atTheBox is the page for programs on the box itself.
const atTheBox = "https://127.0.0.1/"

// TestBrowserFactoryReset has the owner take everything back in Chromium, while clients
// use the wire: what was the owner's is gone, the page asks whoever comes first for a
// password, and the wire has carried every request.
func TestBrowserFactoryReset(t *testing.T) {
	b := inline(t)
	for _, port := range []string{":80", ":8081"} {
		_, err := b.S2.HTTPOrigin(port)
		must(t, err)
	}
	v := b.visitor(t, b.C1)
	b.awaitPage(t, v, root)
	first := v.fingerprint
	p := b.person(t)
	p.enter()
	p.change("proxy.non_http", `"reset"`)
	p.press("Apply")
	p.await("location.pathname == '/settings/history' && document.querySelector('tbody td a')")
	must(t, p.Go(p.ctx, root+"access"))
	p.do("document.querySelector('#tokens details').open = true")
	p.fill("name", "graphs")
	p.do(fmt.Sprintf("document.querySelector('#tokens input[name=old]').value = %q", password))
	p.press("Make it")
	p.await("document.querySelector('.made')")
	_, err := b.limpid.Run(t.Context(), "bypass", "on")
	must(t, err)

	must(t, p.Go(p.ctx, root+"settings"))
	const link = "[...document.querySelectorAll('a')].find(a => a.textContent == 'Factory reset')"
	p.await(link)
	p.do(link + ".click()")
	p.await("document.querySelector('#reset input[name=old]')")
	p.picture("factory-reset")
	p.fill("old", "not this one")
	p.press("Reset it now")
	p.await("document.querySelector('[role=alert]')?.textContent.includes('not the password')")
	if s, err := b.limpid.Status(t.Context()); err != nil || !s.Web.PasswordSet {
		t.Fatalf("a wrong password resets: %v", err)
	}

	// Both ways through the box: what is captured when it is inline, and what never is.
	loads := make(map[string]*lab.Running)
	for _, port := range []string{"80", "8081"} {
		loads[port] = lab.Load{
			Rate: 20, Timeout: patience, Do: lab.Get("/bytes/20000"),
			Dial: func(ctx context.Context) (*net.TCPConn, error) { return b.C2.Dial(ctx, "tcp", "", "10.80.0.2:"+port) },
		}.Start(t.Context())
	}
	gate, err := b.limpid.ChildPID(t.Context(), "gate")
	must(t, err)
	p.fill("old", password)
	p.press("Reset it now")
	p.await("document.querySelector('#reset')?.textContent.includes('Nobody owns the box then')")
	p.picture("factory-reset-done")
	eventually(t, "limpid to start anew", func() bool {
		now, err := b.limpid.ChildPID(t.Context(), "gate")
		return err == nil && now != gate
	})
	must(t, b.limpid.WaitMode("inline", patience)) // and no bypass that somebody has ordered
	// By default the box asks for an address by DHCP, which nobody here gives: it is
	// reached where it always can be.
	v = b.visitor(t, b.Box)
	if text := b.awaitPage(t, v, atTheBox); !strings.Contains(text, "Set a password") {
		t.Errorf("the page does not ask for a password:\n%s", text)
	}
	for port, load := range loads {
		if report := load.Stop(); report.Count() == 0 || report.Failures() != 0 {
			t.Errorf("clients of port %s have noticed: %v", port, report)
		}
	}
	if v.fingerprint == first {
		t.Error("the certificate is the old owner's")
	}
	left, err := os.ReadDir(b.credentials)
	must(t, err)
	for _, e := range left {
		if e.Name() != "certificate.pem" {
			t.Errorf("%s is left", e.Name())
		}
	}
	if _, err := os.Stat(b.limpid.Config + ".history"); err == nil {
		t.Error("the history of the settings is left")
	}
	if got := b.file(t); !strings.HasSuffix(got, "[bridge]\nports = [\"eth0\", \"eth1\"]\n") {
		t.Errorf("the file is %q", got)
	}

	// The next owner begins with nothing.
	p = b.personFor(t, b.Box, 2*patience)
	must(t, p.Go(p.ctx, atTheBox))
	p.fill("password", password)
	p.picture("factory-reset-after")
	p.fill("again", password)
	p.press("Set password")
	p.await("document.querySelectorAll('#counters dd').length > 0")
	must(t, p.Go(p.ctx, atTheBox+"settings/history"))
	p.await("document.querySelector('tbody')?.textContent.includes('Nothing has been changed here yet')")
	must(t, p.Go(p.ctx, atTheBox+"access"))
	p.await("document.querySelector('#tokens')?.textContent.includes('There are none')")
}

// TestFactoryResetIsKilled asks for it on the command line and kills limpid at once: the
// next one does it before anything else.
func TestFactoryResetIsKilled(t *testing.T) {
	b := inline(t)
	v := b.visitor(t, b.C1)
	b.awaitPage(t, v, root)
	_, err := v.post(t.Context(), root+"password", "password", password, "again", password)
	must(t, err)
	if _, err := b.limpid.Run(t.Context(), "reset"); err == nil || !strings.Contains(err.Error(), "say --yes") {
		t.Errorf("without --yes: %v", err)
	}
	if _, err := os.Stat(filepath.Join(b.credentials, "password")); err != nil {
		t.Fatal(err)
	}
	_, err = b.limpid.Run(t.Context(), "reset", "--yes")
	must(t, err)
	b.startAgain(t)
	must(t, b.limpid.WaitMode("inline", patience))
	if text := b.awaitPage(t, b.visitor(t, b.Box), atTheBox); !strings.Contains(text, "Set a password") {
		t.Errorf("the page does not ask for a password:\n%s", text)
	}
	if got := b.file(t); strings.Contains(got, "management") {
		t.Errorf("the file is %q", got)
	}
}
