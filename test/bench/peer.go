package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"limpid/test/lab"
)

// peer is a foreign program in the foreground, diverted to by the classic
// recipe.
type peer struct{ *daemon }

// peerSpec is what differs between them.
type peerSpec struct {
	// threads, or workers, that do the work.
	threads int
	// files are the configuration, from config/.
	files []string
	// empty are further files that it wants to exist.
	empty []string
	// values are what they need besides Dir, Port and Threads.
	values map[string]any
	// command is the program and its arguments.
	command func(dir string) []string
}

// enterPeer writes the configuration into a directory of its own and starts
// the program. It is ready when a first request crosses.
func enterPeer(ctx context.Context, l *lab.Lab, spec peerSpec) (inline, error) {
	dir, err := os.MkdirTemp(l.Dir(), "peer-")
	if err != nil {
		return nil, fmt.Errorf("make the peer's directory: %w", err)
	}
	// Some run as a user of their own.
	if err := os.Chmod(dir, 0o777); err != nil {
		return nil, fmt.Errorf("open up the peer's directory: %w", err)
	}
	values := map[string]any{"Dir": dir, "Port": peerPort, "Threads": spec.threads}
	maps.Copy(values, spec.values)
	if err := install(dir, values, spec.files...); err != nil {
		return nil, err
	}
	for _, name := range spec.empty {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			return nil, fmt.Errorf("write configuration: %w", err)
		}
	}
	// The rules before the program: until it listens TPROXY matches nothing, and
	// the client's SYN ends in a box that does not forward. So no connection of a
	// load can slip past a proxy that is late.
	if err := divert(ctx, l); err != nil {
		return nil, err
	}
	d, err := launch(ctx, l.Box, dir, spec.command(dir)...)
	if err != nil {
		return nil, err
	}
	return peer{d}, nil
}

// processes are all that descend from the program: workers count, whoever
// started them.
func (p peer) processes(context.Context) (map[int]string, error) {
	if err := p.alive(); err != nil {
		return nil, err
	}
	return descendants(p.cmd.Process.Pid)
}

func (p peer) leave() error { return p.stop() }
