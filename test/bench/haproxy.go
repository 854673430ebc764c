package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"limpid/test/lab"
)

// enterHAProxy runs HAProxy with a thread for each core. Of the peers it comes
// closest to what limpid does: one server connection for each of a client, made
// from the client's address (usesrc clientip) to the address the client asked
// for. "usesrc client" would keep the client's port too; clientip is what its
// users run. It is what the others are compared with.
func enterHAProxy(ctx context.Context, l *lab.Lab) (inline, error) {
	return enterPeer(ctx, l, peerSpec{
		files: []string{"haproxy.cfg"},
		command: func(dir string) []string {
			// -db: in the foreground, one process, nothing on the terminal.
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
