package page

import (
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"limpid/test/lab"
)

var shownToken = regexp.MustCompile(`<code class="token">(limpid_[A-Z2-7]+)</code>`)

// token makes one on the page.
func token(t *testing.T, v *visitor, name, scope string) string {
	t.Helper()
	got, err := v.post(t.Context(), root+"access/tokens", "name", name, "scope", scope, "old", password)
	must(t, err)
	m := shownToken.FindStringSubmatch(got.text)
	if got.code != http.StatusOK || m == nil {
		t.Fatalf("make a token: %d\n%s", got.code, got.text)
	}
	return m[1]
}

// program is a client that calls the API with curl, as docs/api.md says.
type program struct {
	t           *testing.T
	b           *box
	certificate string // its file
	token       string
}

func (b *box) program(t *testing.T, token string) *program {
	t.Helper()
	must(t, lab.Requirements("curl"))
	text, err := os.ReadFile(filepath.Join(b.credentials, "certificate.pem"))
	must(t, err)
	p := &program{t: t, b: b, certificate: filepath.Join(t.TempDir(), "limpid.pem"), token: token}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			t.Fatal("no certificate is kept")
		}
		if block.Type == "CERTIFICATE" {
			must(t, os.WriteFile(p.certificate, pem.EncodeToMemory(block), 0o600))
			return p
		}
	}
}

// command is a call; arguments are curl's. The status is its last line.
func (p *program) command(path string, arguments ...string) *lab.Cmd {
	arguments = append([]string{"-sS", "-w", "\n%{http_code}", "--cacert", p.certificate, "--connect-to", "::" + address + ":443",
		"-H", "Authorization: Bearer " + p.token, "https://limpid.local/api" + path}, arguments...)
	return p.b.C1.Command(p.t.Context(), "curl", arguments...)
}

// call gives status and body.
func (p *program) call(path string, arguments ...string) (code, body string) {
	p.t.Helper()
	out, err := p.command(path, arguments...).Output()
	must(p.t, err)
	i := strings.LastIndexByte(string(out), '\n')
	return string(out[i+1:]), string(out[:i])
}

func (p *program) expect(want, path string, arguments ...string) string {
	p.t.Helper()
	code, body := p.call(path, arguments...)
	if code != want {
		p.t.Fatalf("%s %q: %s, want %s: %s", path, arguments, code, want, body)
	}
	return body
}

// TestAPI has programs do over HTTPS what their tokens let them, through the real
// supervisor, until they are revoked, or the password is reset at the box.
func TestAPI(t *testing.T) {
	b := inline(t)
	v := b.visitor(t, b.C1)
	b.awaitPage(t, v, root)
	expect(t, v, http.StatusSeeOther, "password", "password", password, "again", password)
	graphs, robot := b.program(t, token(t, v, "graphs", "read")), b.program(t, token(t, v, "robot", "full"))
	if info, err := os.Stat(filepath.Join(b.credentials, "tokens")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("what is kept of the tokens: %v, %v", info, err)
	}
	if kept, err := os.ReadFile(filepath.Join(b.credentials, "tokens")); err != nil || strings.Contains(string(kept), robot.token) {
		t.Errorf("kept: %s, %v", kept, err)
	}

	var s struct{ Mode string }
	must(t, json.Unmarshal([]byte(graphs.expect("200", "/v1/status")), &s))
	if s.Mode != "inline" {
		t.Errorf("status: %+v", s)
	}
	if text := graphs.expect("200", "/v1/metrics"); !strings.Contains(text, "limpid_") {
		t.Errorf("metrics: %s", text)
	}
	if text := graphs.expect("200", "/openapi.yaml"); !strings.HasPrefix(text, "openapi: 3.1.0") {
		t.Errorf("description: %s", text)
	}
	graphs.expect("403", "/v1/bypass", "-d", `{"on":true}`)
	robot.expect("404", "/v1/web/password")
	stillInline(t, b)
	robot.expect("200", "/v1/bypass", "-d", `{"on":true,"for":"10m"}`)
	must(t, b.limpid.WaitMode("bypass", patience))
	robot.expect("200", "/v1/bypass", "-d", `{"on":false}`)
	must(t, b.limpid.WaitMode("inline", patience))
	b.sendNoBundle(t, robot)

	// Who changes the settings stands in their history, and cannot say otherwise.
	change, err := json.Marshal(map[string]string{"text": config + "# by a program\n", "who": "10.0.0.1"})
	must(t, err)
	robot.expect("200", "/v1/settings/apply", "-d", string(change))
	if text := graphs.expect("200", "/v1/settings/history"); !strings.Contains(text, `"who": "token robot, `+b.C1.IP4().String()) {
		t.Errorf("history: %s", text)
	}

	// Tokens outlive the page's process; sessions do not.
	pid, err := b.limpid.ChildPID(t.Context(), "web")
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	eventually(t, "the page is started again", func() bool {
		now, err := b.limpid.ChildPID(t.Context(), "web")
		return err == nil && now != pid
	})
	b.awaitPage(t, v, root)
	graphs.expect("200", "/v1/status")
	expect(t, v, http.StatusForbidden, "bypass", "for", "on")
	expect(t, v, http.StatusSeeOther, "login", "password", password)
	got, err := v.get(t.Context(), root+"access")
	must(t, err)
	m := regexp.MustCompile(`/access/tokens/([0-9a-f]+)/revoke"><button class="quiet" aria-label="Revoke the token graphs"`).FindStringSubmatch(got.text)
	if m == nil || strings.Count(got.text, "last used ") != 2 {
		t.Fatalf("access: %s", got.text)
	}
	expect(t, v, http.StatusSeeOther, "access/tokens/"+m[1]+"/revoke")
	graphs.expect("401", "/v1/status")
	robot.expect("200", "/v1/status")
	b.reset(t)
	eventually(t, "tokens end with the password", func() bool {
		code, _ := robot.call("/v1/status")
		return code == "401"
	})
	expect(t, v, http.StatusSeeOther, "password", "password", password, "again", password)
	robot.expect("401", "/v1/status")
}

// sendNoBundle sends a large file to a box that takes none: it is told so, and the
// page goes on.
func (b *box) sendNoBundle(t *testing.T, p *program) {
	t.Helper()
	before, err := b.limpid.Status(t.Context())
	must(t, err)
	noise := filepath.Join(t.TempDir(), "bundle")
	data := make([]byte, 32<<20)
	_, _ = rand.Read(data)
	must(t, os.WriteFile(noise, data, 0o600))
	if text := p.expect("400", "/v1/update/bundle", "-T", noise); !strings.Contains(text, "firmware slot") {
		t.Errorf("a bundle: %s", text)
	}
	p.expect("413", "/v1/bypass", "-X", "POST", "-T", noise)
	after, err := b.limpid.Status(t.Context())
	must(t, err)
	if after.Web.Child != before.Web.Child {
		t.Errorf("the page was %+v and is %+v", before.Web, after.Web)
	}
}

// TestReader lets somebody in to look, who sees what the owner sees and changes nothing.
func TestReader(t *testing.T) {
	const second = "only to look at it"
	b := inline(t)
	v := b.visitor(t, b.C1)
	b.awaitPage(t, v, root)
	expect(t, v, http.StatusSeeOther, "password", "password", password, "again", password)
	expect(t, v, http.StatusSeeOther, "access/reader", "old", password, "password", second, "again", second)
	reader := b.visitor(t, b.C2)
	expect(t, reader, http.StatusSeeOther, "login", "password", second)
	for _, path := range []string{"", "log", "flows", "settings", "settings/history", "access", "api"} {
		if got, err := reader.get(t.Context(), root+path); err != nil || got.code != http.StatusOK {
			t.Errorf("/%s: %d, %v", path, got.code, err)
		}
	}
	for path, fields := range map[string][]string{
		"bypass": {"for", "on"}, "settings/review": {"as", "toml", "text", config}, "settings/apply": {"text", config + "# mine\n"},
		"access/password": {"old", second, "password", "another one", "again", "another one"}, "access/tokens": {"name", "a", "scope", "full", "old", second},
	} {
		expect(t, reader, http.StatusForbidden, path, fields...)
	}
	stillInline(t, b)
	if text, err := os.ReadFile(b.limpid.Config); err != nil || string(text) != config {
		t.Errorf("settings: %s, %v", text, err)
	}
	expect(t, v, http.StatusSeeOther, "access/reader/remove")
	eventually(t, "sessions end with the second password", func() bool {
		got, err := reader.get(t.Context(), root+"flows")
		return err == nil && got.code == http.StatusForbidden
	})
	expect(t, reader, http.StatusForbidden, "login", "password", second)
}

// TestBrowserGivesAccess makes a token and a second password in Chromium, and looks
// at the pages as who has the second one.
func TestBrowserGivesAccess(t *testing.T) {
	const second = "only to look at it"
	b := inline(t)
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.person(t)
	p.enter()
	submit := func(action string, fields ...string) {
		form := fmt.Sprintf("document.querySelector('form[action=%q]')", action)
		p.await(form)
		p.do(form + ".closest('details').open = true")
		for i := 0; i < len(fields); i += 2 {
			p.do(fmt.Sprintf("%s.elements[%q].value = %q", form, fields[i], fields[i+1]))
		}
		p.do(form + ".querySelector('button').click()")
	}
	must(t, p.Go(p.ctx, root+"access"))
	submit("/access/tokens", "name", "graphs", "scope", "read", "old", password)
	p.await("document.querySelector('.token')?.textContent.startsWith('limpid_')")
	p.picture("token")
	submit("/access/tokens", "name", "a robot with a long name of 40 character", "scope", "full", "old", "not this one")
	p.await("document.querySelector('[role=alert]') && !document.querySelector('.token')")
	submit("/access/tokens", "name", "a robot with a long name of 40 character", "scope", "full", "old", password)
	p.await("document.querySelectorAll('#tokens li').length == 2")
	submit("/access/reader", "old", password, "password", second, "again", second)
	p.await("document.querySelector('#reader form[action=\"/access/reader/remove\"]') && !document.querySelector('.token')")
	p.picture("access")
	// The page's own script may call, and the address may be typed.
	p.do("fetch('/api/v1/status').then(r => r.json()).then(s => window.answer = s)")
	p.await("window.answer?.mode == 'inline'")
	must(t, p.Go(p.ctx, root+"api"))
	p.await("document.querySelectorAll('tbody tr').length > 15")
	p.do("document.querySelector('details').open = true")
	p.picture("api")
	p.press("Log out")
	p.fill("password", second)
	p.press("Log in")
	p.await("document.querySelector('#switch')?.textContent.includes('logged in to look')")
	p.picture("reader")
	must(t, p.Go(p.ctx, root+"settings"))
	p.await("document.querySelectorAll('input[readonly]').length > 5 && ![...document.querySelectorAll('button')].some(b => b.textContent == 'Review')")
	p.picture("reader-settings")
	p.do("fetch('/api/v1/bypass', { method: 'POST', body: '{\"on\":true}' }).then(r => window.code = r.status)")
	p.await("window.code == 403")
	stillInline(t, b)
}
