package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"limpid/test/lab"
)

func enterHAProxy(ctx context.Context, l *lab.Lab) (inline, error) {
	return enterPeer(ctx, l, peerSpec{
		files: []string{"haproxy.cfg"},
		command: func(dir string) []string {
			return []string{"haproxy", "-db", "-f", filepath.Join(dir, "haproxy.cfg")}
		},
	})
}

func haproxyVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "haproxy", "-v").Output()
	if err != nil {
		return "", fmt.Errorf("ask haproxy for its version: %w", err)
	}
	return firstLine(out), nil
}
