package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"limpid/test/lab"
)

// Parts of limpid whose time is told apart.
const (
	partGate  = "gate"
	partProxy = "proxy"
	partRest  = "supervisor"
)

// limpid is a supervisor and its children, started as its user would.
type limpid struct{ *lab.Limpid }

// enterLimpid puts limpid in with a handshake of its configuration, "accept" or
// "mirror", and a timeout of its watchdog. It waits until limpid is inline: before, and in bypass, it would be
// nothing but a bridge. As many threads as there are CPUs it takes by itself. args are
// further ones of `limpid supervise`.
func enterLimpid(handshake, timeout string, args ...string) enter {
	return func(ctx context.Context, l *lab.Lab, _ int) (inline, error) {
		return startLimpid(ctx, l, map[string]any{"Handshake": handshake, "Timeout": timeout}, args...)
	}
}

func startLimpid(ctx context.Context, l *lab.Lab, values map[string]any, args ...string) (inline, error) {
	config, err := render("limpid.toml", values)
	if err != nil {
		return nil, err
	}
	p, err := l.StartLimpid(ctx, config, args...)
	if err != nil {
		return nil, err
	}
	if err := p.WaitMode("inline", time.Minute); err != nil {
		return nil, err
	}
	return limpid{p}, nil
}

// buildOnce has every lab of this process run one limpid, whatever becomes of
// the sources meanwhile. The function it returns removes it.
func buildOnce(ctx context.Context) (remove func(), err error) {
	if os.Getenv(lab.EnvBinary) != "" {
		return func() {}, nil // somebody built one for us
	}
	dir, err := os.MkdirTemp("", "limpid-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for limpid: %w", err)
	}
	remove = func() {
		_ = os.Unsetenv(lab.EnvBinary)
		_ = os.RemoveAll(dir)
	}
	path, err := lab.Binary(ctx, dir)
	if err == nil {
		err = os.Setenv(lab.EnvBinary, path)
	}
	if err != nil {
		remove()
		return nil, err
	}
	return remove, nil
}

// limpidVersion is that of the sources, from which the lab builds it.
func limpidVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "git", "-c", "safe.directory=*", "describe", "--tags", "--always", "--dirty").Output()
	if err != nil {
		return "limpid, version unknown", nil //nolint:nilerr // sources without git are as good
	}
	return "limpid " + firstLine(out), nil
}

// processes asks limpid itself who gate and proxy are. What else descends from
// the supervisor counts as its own: the sum must be all that limpid costs.
func (p limpid) processes(ctx context.Context) (map[int]string, error) {
	// Not what the status tells alone: it does not know of children's children.
	all, err := descendants(p.PID())
	if err != nil {
		return nil, err
	}
	for pid := range all {
		all[pid] = partRest
	}
	for _, child := range []string{partGate, partProxy} {
		pid, err := p.ChildPID(ctx, child)
		if err != nil {
			return nil, err
		}
		if all[pid] == "" {
			return nil, fmt.Errorf("find limpid's %s: process %d is no child of the supervisor", child, pid)
		}
		all[pid] = child
	}
	return all, nil
}

func (p limpid) tail() string { return lastLines(p.Log()) }

func (p limpid) leave() error { return p.Stop() }
