package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"limpid/test/lab"
)

// enterTrafficServer is the transparent one: the server sees each client by its
// own address.
func enterTrafficServer(ctx context.Context, l *lab.Lab) (inline, error) {
	return trafficServer(ctx, l, false)
}

// enterTrafficServerSharing is the fast one.
func enterTrafficServerSharing(ctx context.Context, l *lab.Lab) (inline, error) {
	return trafficServer(ctx, l, true)
}

// trafficServer runs Traffic Server with an event thread for each core. It knows
// two ways with server connections. Without sharing, each request gets one of
// its own, also from a client that keeps its connection. With sharing they are
// kept, and a later client's requests leave from the address of the one they
// were made for.
func trafficServer(ctx context.Context, l *lab.Lab, shared bool) (inline, error) {
	return enterPeer(ctx, l, peerSpec{
		values: map[string]any{"Shared": shared},
		files:  []string{"records.config", "runroot.yaml", "ip_allow.yaml"},
		// No cache, no plugin, no mapping.
		empty: []string{"storage.config", "plugin.config", "remap.config", "ssl_multicert.config"},
		command: func(dir string) []string {
			// Without traffic_manager, which only restarts it. The run root moves every
			// path that was compiled in.
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
