package wire

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"limpid/test/lab"
)

func TestBadInputIsOneLineAndTheWireIsUntouched(t *testing.T) {
	l := lab.New(t)
	tests := []struct {
		name, config string
		code         int
		want         []string // each must stand in the line
		prepare      []string // command in the box beforehand
		undo         []string
		wrap         []string // run limpid under this
	}{
		{name: "unknown key", config: basic + "[proxy]\nprot = 8080\n", code: 1, want: []string{"limpid.toml:7", "prot", "port"}},
		{name: "no such value", config: basic + "[intercept]\ncapture = \"magic\"\n", code: 1, want: []string{"limpid.toml:7", "capture", "broute"}},
		{name: "port is no NIC", config: ports("lo", "eth1"), code: 1, want: []string{"lo"}},
		{name: "same port twice", config: ports("eth0", "eth0"), code: 1, want: []string{"eth0", "two"}},
		{name: "port in another bridge", config: basic, code: 1, want: []string{"eth0", "other0"},
			prepare: []string{"sh", "-c", "ip link add other0 type bridge && ip link set eth0 master other0"}, undo: []string{"ip", "link", "del", "other0"}},
		{name: "no capability", config: basic, code: 1, want: []string{"CAP_NET_ADMIN"}, wrap: []string{"setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.prepare != nil {
				must(t, l.Box.Command(t.Context(), tt.prepare[0], tt.prepare[1:]...).Run())
				defer func() { must(t, l.Box.Command(t.Context(), tt.undo[0], tt.undo[1:]...).Run()) }()
			}
			before := wireState(t, l)
			code, stderr := supervise(t, l, tt.config, tt.wrap...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			oneLine(t, stderr, tt.want)
			if after := wireState(t, l); after != before {
				t.Errorf("the wire was touched:\nbefore %s\nafter %s", before, after)
			}
		})
	}
	t.Run("a second supervise on one directory", func(t *testing.T) {
		p, err := l.StartLimpid(t.Context(), basic)
		must(t, err)
		must(t, p.WaitMode("inline", startTime))
		cmd := l.Box.Command(t.Context(), p.Path, "supervise", "-c", p.Config, "--run", p.RunDir)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if code := exitCode(cmd.Run()); code != 1 {
			t.Errorf("exit code %d, want 1", code)
		}
		oneLine(t, stderr.String(), []string{p.RunDir})
		if s := status(t, p); s.Mode != "inline" {
			t.Errorf("the first one is in mode %s", s.Mode)
		}
		must(t, p.Stop())
	})
}

func TestCommandsExplainThemselves(t *testing.T) {
	path, err := lab.Binary(t.Context(), t.TempDir())
	must(t, err)
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"status --run /nonexistent", 1, "supervise"},
		{"bypass", 2, "on"},
		{"bypass sideways", 2, "sideways"},
		{"bypass on --for yesterday", 2, "yesterday"},
		{"frobnicate", 2, "frobnicate"},
		{"check /nonexistent.toml", 1, "/nonexistent.toml"},
		{"supervise -c", 2, "-c"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), path, strings.Fields(tt.args)...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if code := exitCode(cmd.Run()); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			oneLine(t, stderr.String(), []string{tt.want})
		})
	}
}

func ports(a, b string) string {
	return "[bridge]\nports = [\"" + a + "\", \"" + b + "\"]\n[management]\naddress = \"none\"\n"
}

// wireState is all that starting limpid could have changed, as text.
func wireState(t *testing.T, l *lab.Lab) string {
	t.Helper()
	var b strings.Builder
	for _, c := range [][]string{{"ip", "-br", "link"}, {"ip", "rule"}, {"ip", "-6", "rule"}, {"ip", "-4", "route", "show", "table", "all"}, {"nft", "list", "tables"}} {
		out, err := l.Box.Command(t.Context(), c[0], c[1:]...).CombinedOutput()
		must(t, err)
		b.Write(out)
	}
	return b.String()
}

// supervise runs limpid where it should refuse to.
func supervise(t *testing.T, l *lab.Lab, config string, wrap ...string) (code int, stderr string) {
	t.Helper()
	dir := t.TempDir()
	path, err := lab.Binary(t.Context(), dir)
	must(t, err)
	file := filepath.Join(dir, "limpid.toml")
	must(t, os.WriteFile(file, []byte(config), 0o644))
	ctx, cancel := context.WithTimeout(t.Context(), startTime)
	defer cancel()
	args := append(wrap, path, "supervise", "-c", file, "--run", filepath.Join(dir, "run"))
	cmd := l.Box.Command(ctx, args[0], args[1:]...)
	var out bytes.Buffer
	cmd.Stderr = &out
	return exitCode(cmd.Run()), out.String()
}

func exitCode(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

func oneLine(t *testing.T, stderr string, want []string) {
	t.Helper()
	line := strings.TrimSuffix(stderr, "\n")
	if line == "" || strings.Contains(line, "\n") {
		t.Errorf("stderr is not one line: %q", stderr)
	}
	for _, w := range want {
		if !strings.Contains(line, w) {
			t.Errorf("stderr does not say %q: %s", w, line)
		}
	}
}
