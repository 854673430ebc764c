package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"limpid/test/lab"
)

// squidInPrivate gives Squid's processes a /run and a /dev/shm of their own:
// the paths by which they find each other are compiled in, and must meet no
// other Squid of the host.
const squidInPrivate = `
mount -t tmpfs none /run && mount -t tmpfs none /dev/shm && chmod 1777 /run /dev/shm &&
mkdir -m 777 /run/squid && exec squid --foreground -f "$1"`

// enterSquid runs Squid with a worker, which is a process, for each thread of
// the others; of more than one it makes a coordinator too. The first process
// stays root; the workers become Debian's user proxy and keep the capability
// that a foreign address needs. A worker reuses server connections, but only
// for the client they were made for.
func enterSquid(ctx context.Context, l *lab.Lab, threads int) (inline, error) {
	return enterPeer(ctx, l, peerSpec{
		threads: threads,
		files:   []string{"squid.conf"},
		command: func(dir string) []string {
			return []string{"unshare", "--mount", "--propagation", "private", "sh", "-c", squidInPrivate, "squid", filepath.Join(dir, "squid.conf")}
		},
	})
}

func squidVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "squid", "-v").Output()
	if err != nil {
		return "", fmt.Errorf("ask squid for its version: %w", err)
	}
	return firstLine(out), nil
}
