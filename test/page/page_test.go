package page

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"limpid/test/lab"
)

const root = "https://" + address + "/"

// TestPage is the way of an owner: the page over HTTPS on the box's own address, a
// password, the switch, and back.
func TestPage(t *testing.T) {
	b := inline(t)
	v := b.visitor(t, b.C1)
	text := b.awaitPage(t, v, root)
	s, err := b.limpid.Status(t.Context())
	must(t, err)
	if s.Web.Fingerprint == "" || v.fingerprint != s.Web.Fingerprint || s.Web.PasswordSet {
		t.Errorf("the certificate is %s, the status says %+v", v.fingerprint, s.Web)
	}
	if !strings.Contains(text, "INLINE") || !strings.Contains(text, "Set a password") || strings.Contains(text, "eth0") {
		t.Errorf("before the first login:\n%s", text)
	}
	redirected(t, v)

	// Nobody switches before there is a password.
	expect(t, v, http.StatusForbidden, "bypass", "for", "on")
	expect(t, v, http.StatusBadRequest, "password", "password", password, "again", "something else")
	expect(t, v, http.StatusSeeOther, "password", "password", password, "again", password)
	stillInline(t, b)
	if info, err := os.Stat(filepath.Join(b.credentials, "password")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("what is kept of the password: %v, %v", info, err)
	}
	expect(t, v, http.StatusSeeOther, "bypass", "for", "10m")
	must(t, b.limpid.WaitMode("bypass", patience))
	if text := b.awaitPage(t, v, root); !strings.Contains(text, "BYPASS") || !strings.Contains(text, "data-left") || !strings.Contains(text, "eth0") {
		t.Errorf("in the bypass:\n%s", text)
	}
	expect(t, v, http.StatusSeeOther, "bypass", "for", "off")
	must(t, b.limpid.WaitMode("inline", patience))

	// Somebody else has to log in, and the owner's session ends with the password.
	other := b.visitor(t, b.C2)
	expect(t, other, http.StatusForbidden, "bypass", "for", "on")
	expect(t, other, http.StatusForbidden, "login", "password", "a wild guess")
	expect(t, other, http.StatusConflict, "password", "password", "another one", "again", "another one")
	expect(t, other, http.StatusSeeOther, "login", "password", password)
	b.reset(t)
	eventually(t, "sessions end with the password", func() bool {
		got, err := v.get(t.Context(), root)
		return err == nil && strings.Contains(got.text, "Set a password")
	})
	expect(t, other, http.StatusForbidden, "bypass", "for", "on")
	stillInline(t, b)
}

// redirected looks at the plain port, which the rules would capture if it were not
// the box's own.
func redirected(t *testing.T, v *visitor) {
	t.Helper()
	got, err := v.get(t.Context(), "http://"+address+"/live?x=1")
	must(t, err)
	if to := got.header.Get("Location"); got.code != http.StatusTemporaryRedirect || to != root+"live?x=1" {
		t.Errorf("the plain port answers %d, to %q", got.code, to)
	}
}

func expect(t *testing.T, v *visitor, code int, path string, fields ...string) {
	t.Helper()
	got, err := v.post(t.Context(), root+path, fields...)
	must(t, err)
	if got.code != code {
		t.Fatalf("%s %q: %d, want %d\n%s", path, fields, got.code, code, got.text)
	}
}

func stillInline(t *testing.T, b *box) {
	t.Helper()
	if s, err := b.limpid.Status(t.Context()); err != nil || s.Mode != "inline" {
		t.Errorf("mode %s, want inline, %v", s.Mode, err)
	}
}

// TestPageIsKilled kills and stops the page's process under load: clients of the wire
// do not notice, and it is started again with the same certificate and password.
func TestPageIsKilled(t *testing.T) {
	b := inline(t)
	_, err := b.S2.HTTPOrigin(":80")
	must(t, err)
	v := b.visitor(t, b.C1)
	b.awaitPage(t, v, root)
	expect(t, v, http.StatusSeeOther, "password", "password", password, "again", password)
	before, err := b.limpid.Status(t.Context())
	must(t, err)
	load := lab.Load{
		Rate: 20, Timeout: patience, Do: lab.Get("/bytes/20000"),
		Dial: func(ctx context.Context) (*net.TCPConn, error) { return b.C2.Dial(ctx, "tcp", "", "10.80.0.2:80") },
	}.Start(t.Context())
	for range 3 {
		pid, err := b.limpid.ChildPID(t.Context(), "web")
		must(t, err)
		must(t, syscall.Kill(pid, syscall.SIGKILL))
		eventually(t, "the page is started again", func() bool {
			now, err := b.limpid.ChildPID(t.Context(), "web")
			return err == nil && now != pid
		})
		b.awaitPage(t, v, root)
	}
	report := load.Stop()
	after, err := b.limpid.Status(t.Context())
	must(t, err)
	if report.Count() == 0 || report.Failures() != 0 {
		t.Errorf("clients have noticed: %v", report)
	}
	if after.Mode != "inline" || !after.Since.Equal(before.Since) || after.Proxy != before.Proxy || after.Gate != before.Gate || after.LastGap != before.LastGap {
		t.Errorf("before %s\nafter %s", before.Raw, after.Raw)
	}
	if after.Web.Restarts != 3 || after.Web.Fingerprint != before.Web.Fingerprint {
		t.Errorf("page: %+v, before %+v", after.Web, before.Web)
	}
	// Sessions end with the process, the password does not.
	expect(t, v, http.StatusForbidden, "bypass", "for", "on")
	expect(t, v, http.StatusSeeOther, "login", "password", password)
}

// TestPageFollowsItsAddress moves the page to another port, and takes it away.
func TestPageFollowsItsAddress(t *testing.T) {
	b := inline(t)
	v := b.visitor(t, b.C1)
	b.awaitPage(t, v, root)
	first := v.fingerprint
	rewrite(t, b, "[web]\nlisten = [\"10.77.0.50:8443\"]\n")
	b.awaitPage(t, v, "https://"+address+":8443/")
	if v.fingerprint != first {
		t.Errorf("the certificate was %s and is %s", first, v.fingerprint)
	}
	eventually(t, "the old port is closed", func() bool {
		_, err := b.visitor(t, b.C1).get(t.Context(), root)
		return err != nil
	})
	rewrite(t, b, "[web]\nlisten = []\n")
	eventually(t, "the page is gone", func() bool {
		s, err := b.limpid.Status(t.Context())
		return err == nil && s.Web.PID == 0 && len(s.Web.Listen) == 0
	})
	rewrite(t, b, "")
	b.awaitPage(t, v, root)
	s, err := b.limpid.Status(t.Context())
	must(t, err)
	if s.Mode != "inline" || s.Proxy.Restarts != 0 || s.Gate.Restarts != 0 {
		t.Errorf("the wire has noticed: %s", s.Raw)
	}
}

func rewrite(t *testing.T, b *box, extra string) {
	t.Helper()
	must(t, os.WriteFile(b.limpid.Config, []byte(config+extra), 0o600))
	must(t, b.limpid.Signal(syscall.SIGHUP))
}
