package supervise

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/child"
	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/factory"
)

// used is a box that somebody has used: it has a password, a token, a history of its
// settings and of its traffic, and a log.
func used(t *testing.T) (b *box, logs string) {
	t.Helper()
	b = newBox(t)
	dir := t.TempDir()
	logs = filepath.Join(dir, "log")
	b.options.Credentials = filepath.Join(dir, "config")
	for _, folder := range []string{b.options.Credentials, logs} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(logs, "access.jsonl")
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(file, []byte("{}\n"), 0o640), os.Chown(file, int(child.ProxyUser().UID), -1)); err != nil {
		t.Fatal(err)
	}
	b.configure(t, freePort(t), "via = false\n[log]\npath = \""+logs+"\"\n")
	b.runOn(t)
	if err := b.client.SetPassword(t.Context(), control.PasswordChange{New: "hash"}); err != nil {
		t.Fatal(err)
	}
	digest := strings.Repeat("0123456789abcdef", 4)
	if _, err := b.client.AddToken(t.Context(), control.TokenRequest{Name: "graphs", Scope: control.ScopeRead, Digest: digest}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: b.set(t, map[string]string{"proxy.non_http": `"reset"`})}); err != nil {
		t.Fatal(err)
	}
	return b, logs
}

// inANetworkOfItsOwn has the test run once more, in a process that has all ports to
// itself: by default limpid takes those that others may have. In there it is true.
func inANetworkOfItsOwn(t *testing.T) bool {
	t.Helper()
	const inside = "LIMPID_TEST_NETWORK"
	if os.Getenv(inside) == "" {
		cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.v", "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), inside+"=own")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
			t.Errorf("in a network of its own: %v\n%s", err, out)
		}
		return false
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		t.Fatal(err)
	}
	return true
}

func (b *box) reset(t *testing.T) {
	t.Helper()
	if err := b.client.Reset(t.Context(), control.ResetRequest{Confirm: control.ResetConfirm, Who: "the test"}); err != nil {
		t.Fatal(err)
	}
}

// isFresh looks whether all is as if nobody had ever used the box; defaults are what
// the settings have to be.
func (b *box) isFresh(t *testing.T, logs, defaults string) {
	t.Helper()
	if got := b.text(t); !strings.HasSuffix(got, defaults) || strings.Contains(got, "non_http") {
		t.Errorf("the settings are %q", got)
	}
	if got := b.outcomes(t); got != "" {
		t.Errorf("the history is %s", got)
	}
	if p, err := b.client.Password(t.Context()); err != nil || p.Hash != "" {
		t.Errorf("the password is %+v, %v", p, err)
	}
	if l, err := b.client.Tokens(t.Context()); err != nil || len(l.Tokens) != 0 {
		t.Errorf("tokens are %+v, %v", l, err)
	}
	if left, err := filepath.Glob(filepath.Join(logs, "*")); err != nil || len(left) != 0 {
		t.Errorf("the log is %v, %v", left, err)
	}
	if _, err := os.Stat(b.options.ConfigPath + ".reset"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is asked for still: %v", err)
	}
}

// A guest begins anew with the bridge it was given, and with nothing that a person has
// ordered, a change that waits included.
func TestFactoryReset(t *testing.T) {
	if !inANetworkOfItsOwn(t) {
		return
	}
	b, logs := used(t)
	if _, err := b.client.SetBypass(t.Context(), true, 0); err != nil {
		t.Fatal(err)
	}
	gate := b.await(t, "bypass", func(s control.Status) bool { return s.Mode == control.Bypass && s.Gate.PID != 0 }).Gate.PID
	if _, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: b.set(t, map[string]string{"bridge.name": `"br9"`})}); err != nil {
		t.Fatal(err)
	}
	tried := b.await(t, "a trial", func(s control.Status) bool { return s.Gate.PID != 0 && s.Gate.PID != gate && s.Trial != nil })
	b.reset(t)
	s := b.await(t, "another gate", func(s control.Status) bool { return s.Gate.PID != 0 && s.Gate.PID != tried.Gate.PID })
	if s.Bypass.On || s.Trial != nil || s.Web.PasswordSet {
		t.Errorf("left is %+v", s)
	}
	b.isFresh(t, logs, "[bridge]\nports = [\"eth0\", \"eth1\"]\n")
}

// Whoever is killed before, or while, it is done, does it at the next start.
func TestFactoryResetIsCut(t *testing.T) {
	b, logs := used(t)
	before := b.text(t)
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	// All that an ended supervisor has left to do is asked for.
	if err := factory.Ask(b.options.ConfigPath, factory.Request{
		Who: "the test", Settings: strings.Replace(before, "non_http", "# was", 1), Credentials: b.options.Credentials, Logs: []string{logs},
	}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(b.options.Credentials, "tokens")); err != nil {
		t.Fatal(err)
	}
	b.options.SettingsPath = b.options.ConfigPath
	b.options = finishReset(t.Context(), b.options)
	if text := b.text(t); b.options.Unfinished != nil || !strings.Contains(text, "# was") {
		t.Errorf("%v, the settings are %q", b.options.Unfinished, text)
	}
	b.runOn(t)
	b.await(t, "inline", isInline)
	if got := b.outcomes(t); got != "" {
		t.Errorf("the history is %s", got)
	}
	if p, err := b.client.Password(t.Context()); err != nil || p.Hash != "" {
		t.Errorf("the password is %+v, %v", p, err)
	}
}

// A reset that cannot be done is said, and does not keep limpid from running.
func TestFactoryResetFails(t *testing.T) {
	b, _ := used(t)
	before := b.text(t)
	inTheWay := filepath.Join(b.options.Credentials, "tokens.new")
	if err := os.MkdirAll(filepath.Join(inTheWay, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	gate := b.await(t, "inline", isInline).Gate.PID
	b.reset(t)
	s := b.await(t, "another gate, inline", func(s control.Status) bool { return isInline(s) && s.Gate.PID != gate })
	if all := strings.Join(s.Problems, "; "); !strings.Contains(all, "factory reset: remove tokens") || !s.Web.PasswordSet || b.text(t) != before {
		t.Errorf("problems %s, settings %q", all, b.text(t))
	}
}

// On a box of its own limpid leaves it to process 1, which starts the next supervisor.
func TestFactoryResetOfABox(t *testing.T) {
	b := newBox(t)
	b.options.SettingsPath = b.options.ConfigPath
	o := b.options
	o.Settings = openSettings(o, time.Now)
	if err := os.Mkdir(b.options.RunDir, 0o755); err != nil {
		t.Fatal(err)
	}
	tell := func(data control.DataPlace) {
		if err := control.WriteBox(b.options.RunDir, control.Box{Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	tell(control.DataReadOnly)
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { ended <- runOn(ctx, o) }()
	b.client = control.NewClient(b.options.RunDir)
	defer b.client.Close()
	b.await(t, "inline", isInline)
	before := b.text(t)
	if err := b.client.Reset(t.Context(), control.ResetRequest{Confirm: control.ResetConfirm}); err == nil || !strings.Contains(err.Error(), "the disk refuses writes") {
		t.Errorf("on a disk that refuses writes: %v", err)
	}
	tell(control.DataDisk)
	b.reset(t)
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
	}
	r, err := factory.Asked(b.options.ConfigPath)
	if err != nil || r == nil || r.Settings != "" || r.Who != "the test" || strings.Join(r.Ports, " ") != "eth0 eth1" {
		t.Errorf("asked for is %+v, %v", r, err)
	}
	if b.text(t) != before {
		t.Error("it was done here too")
	}
}

func TestGuestSettings(t *testing.T) {
	for name, want := range map[string]string{
		"br0":  "[bridge]\nports = [\"lan\", \"wan\"]\n",
		"wire": "[bridge]\nports = [\"lan\", \"wan\"]\nname = \"wire\"\n",
	} {
		c := config.Default()
		c.Bridge.Name, c.Bridge.Ports = name, []string{"lan", "wan"}
		c.Intercept.Ports, c.Bridge.VLANs = []uint16{80, 8080}, []uint16{7}
		got, err := guestSettings(c)
		if err != nil || !strings.HasSuffix(got, "\n\n"+want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
