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

type limpid struct{ *lab.Limpid }

func enterLimpid(ctx context.Context, l *lab.Lab) (inline, error) {
	config, err := render("limpid.toml", nil)
	if err != nil {
		return nil, err
	}
	p, err := l.StartLimpid(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := p.WaitMode("inline", 30*time.Second); err != nil {
		return nil, err
	}
	return limpid{p}, nil
}

// buildOnce has every lab of this process run one limpid, whatever becomes of
// the sources meanwhile. The function it returns removes it.
func buildOnce(ctx context.Context) (remove func(), err error) {
	if os.Getenv(lab.EnvBinary) != "" {
		return func() {}, nil
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

func (p limpid) processes(ctx context.Context) (map[int]string, error) {
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
