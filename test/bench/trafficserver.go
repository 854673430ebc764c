package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"limpid/test/lab"
)

// Ways of Traffic Server with its server connections.
const (
	// oneToOne: each request gets one of its own, also from a client that keeps its connection.
	oneToOne = "none"
	// sharing: they are kept, and a later client's requests leave from the address of the one they were made for.
	sharing = "both"
)

// trafficServer runs Traffic Server. One to one it is the transparent one: the
// server sees each client by its own address. Sharing is the fast one.
func trafficServer(match string) enter {
	return func(ctx context.Context, l *lab.Lab, threads int) (inline, error) {
		return enterPeer(ctx, l, trafficServerSpec(threads, match))
	}
}

func trafficServerSpec(threads int, match string) peerSpec {
	return peerSpec{
		threads: threads,
		values:  map[string]any{"Match": match},
		files:   []string{"records.config", "runroot.yaml", "ip_allow.yaml"},
		// No cache, no plugin, no mapping.
		empty: []string{"storage.config", "plugin.config", "remap.config", "ssl_multicert.config"},
		command: func(dir string) []string {
			// Without traffic_manager, which only restarts it. The run root moves every
			// path that was compiled in.
			return []string{"traffic_server", "--run-root=" + filepath.Join(dir, "runroot.yaml")}
		},
	}
}

func trafficServerVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "traffic_server", "--version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ask traffic_server for its version: %w", err)
	}
	return firstLine(out), nil
}
