package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"limpid/test/lab"
)

func enterTrafficServer(ctx context.Context, l *lab.Lab) (inline, error) {
	return enterPeer(ctx, l, peerSpec{
		files: []string{"records.config", "runroot.yaml", "ip_allow.yaml"},
		// No cache, no plugin, no mapping.
		empty: []string{"storage.config", "plugin.config", "remap.config", "ssl_multicert.config"},
		command: func(dir string) []string {
			return []string{"traffic_server", "--run-root=" + filepath.Join(dir, "runroot.yaml")}
		},
	})
}

func trafficServerVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "traffic_server", "--version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ask traffic_server for its version: %w", err)
	}
	return firstLine(out), nil
}
