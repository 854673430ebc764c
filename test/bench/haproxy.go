package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"limpid/test/lab"
)

// haproxy runs HAProxy. Of the peers it comes closest to what limpid does: one
// server connection for each of a client, made from the client's address
// (usesrc clientip) to the address the client asked for. "usesrc client" would
// keep the client's port too; clientip is what its users run. It is what the
// others are compared with.
//
// It copies bodies through its own memory unless told to splice, with lines of
// its section "defaults": splice-auto leaves the choice to it, splice-request
// and splice-response splice whatever can be spliced.
func haproxy(splice ...string) enter {
	return func(ctx context.Context, l *lab.Lab, threads int) (inline, error) {
		return enterPeer(ctx, l, haproxySpec(threads, splice...))
	}
}

func haproxySpec(threads int, splice ...string) peerSpec {
	return peerSpec{
		threads: threads,
		values:  map[string]any{"Splice": splice},
		files:   []string{"haproxy.cfg"},
		command: func(dir string) []string {
			// -db: in the foreground, one process, nothing on the terminal.
			return []string{"haproxy", "-db", "-f", filepath.Join(dir, "haproxy.cfg")}
		},
	}
}

func haproxyVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "haproxy", "-v").Output()
	if err != nil {
		return "", fmt.Errorf("ask haproxy for its version: %w", err)
	}
	return firstLine(out), nil
}
