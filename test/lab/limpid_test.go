package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// useFake makes the lab run this test binary as limpid (see TestMain).
func useFake(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	t.Setenv(EnvBinary, self)
}

func TestLimpidContract(t *testing.T) {
	useFake(t)
	l := New(t)
	p, err := l.StartLimpid(t.Context(), "ports = []\n")
	must(t, err)
	must(t, p.WaitMode("inline", 5*time.Second))
	s, err := p.Status(t.Context())
	must(t, err)
	if s.Reason != "healthy" || s.Flows.Captured != 7 || s.LastGap != 1.5 {
		t.Errorf("status %+v", s)
	}
	gate, err := p.ChildPID(t.Context(), "gate")
	must(t, err)
	if id, err := identify(fmt.Sprintf("/proc/%d/ns/net", gate)); err != nil || id != l.Box.id {
		t.Errorf("gate is not in the box: %v, %v", id, err)
	}
	if pid, err := p.ChildPID(t.Context(), "proxy"); err == nil {
		t.Errorf("proxy is %d, though the status names none", pid)
	}
	if want := "ports /sys/class/net/eth0 /sys/class/net/eth1 config ports = []\n"; p.Log() != want {
		t.Errorf("log %q, want %q", p.Log(), want)
	}
	_, err = p.Run(t.Context(), "bypass", "on")
	must(t, err)
	must(t, p.WaitMode("bypass", 5*time.Second))
	if _, err := p.Run(t.Context(), "bypass", "maybe"); err == nil || !strings.HasSuffix(err.Error(), "exit status 1: bypass maybe: want on") {
		t.Errorf("error of a failed command: %v", err)
	}
	// On a slow machine the time may be up before the first answer.
	for timeout := 250 * time.Millisecond; ; timeout *= 2 {
		err := p.WaitMode("inline", timeout)
		if err == nil {
			t.Fatal("a mode that does not come was reached")
		}
		if strings.Contains(err.Error(), `status was {"mode":"bypass"}`) {
			break
		}
		if timeout > 10*time.Second {
			t.Fatalf("the error does not tell the last status: %v", err)
		}
	}
	must(t, p.Stop())
	must(t, p.Exit())
	// What the supervisor left running ends with the lab.
	if !alive(gate) {
		t.Fatal("the child is gone already: nothing to see")
	}
	must(t, l.Close())
	if id, err := identify(fmt.Sprintf("/proc/%d/ns/net", gate)); err == nil {
		t.Errorf("child %d outlived the lab, in %v", gate, id)
	}
}

func TestLimpidThatEnds(t *testing.T) {
	useFake(t)
	l := New(t)
	p, err := l.StartLimpid(t.Context(), "broken\n")
	must(t, err)
	if err := p.WaitMode("inline", 5*time.Second); err == nil || !strings.Contains(err.Error(), "limpid ended: exit status 1") || !strings.Contains(err.Error(), "line 1: broken") {
		t.Errorf("wait for a limpid that ended: %v", err)
	}
	if err := p.Stop(); err == nil {
		t.Error("exit code 1 was no error of Stop")
	}

	p, err = l.StartLimpid(t.Context(), "good\n")
	must(t, err)
	must(t, p.WaitMode("inline", 5*time.Second))
	must(t, p.Kill())
	if err := p.Exit(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("exit after Kill: %v", err)
	}
	must(t, p.Signal(unix.SIGTERM))
}

func TestBinary(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(EnvBinary, filepath.Join(dir, "missing"))
	if _, err := Binary(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("binary that is not there: %v", err)
	}
	t.Setenv(EnvBinary, "")
	t.Setenv("PATH", "")
	if _, err := Binary(t.Context(), dir); err == nil || !strings.Contains(err.Error(), EnvBinary) {
		t.Errorf("no go in PATH: %v", err)
	}
}

func TestParseStatus(t *testing.T) {
	for _, bad := range []string{"", "inline", "{}", `{"mode":7}`} {
		if s, err := parseStatus([]byte(bad)); err == nil {
			t.Errorf("%q read as %+v", bad, s)
		}
	}
	const full = `{"mode":"inline","reason":"healthy","since":"2026-01-02T03:04:05Z","capture":"redirect","handshake":"accept",
		"proxy":{"pid":12,"restarts":3,"last_exit":"signal: killed"},"gate":{"pid":11},"flows":{"active":1,"captured":2,"bridged":3},"requests":4,
		"cache":{"hits":5,"misses":6},"last_gap_ms":0.25,"extra":{"x":1}}`
	s, err := parseStatus([]byte(full))
	must(t, err)
	if s.Proxy != (Child{PID: 12, Restarts: 3, LastExit: "signal: killed"}) || s.Gate.PID != 11 || s.Flows.Bridged != 3 || s.Requests != 4 || s.Cache.Misses != 6 ||
		s.LastGap != 0.25 || s.Capture != "redirect" || s.Handshake != "accept" || s.Since.Year() != 2026 || string(s.Raw) != full {
		t.Errorf("read as %+v", s)
	}
}
