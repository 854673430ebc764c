package proxy

import (
	"fmt"

	"golang.org/x/sys/unix"

	"limpid/proxy/intake"
	"limpid/proxy/leg"
)

const (
	// reserve is descriptors kept for what is not a flow: log, control link,
	// loops and timers.
	reserve = 64
	// flowsLeast is how many flows must be possible for the proxy to start.
	flowsLeast = 16
)

// mostFlows is how many flows the descriptor limit (RLIMIT_NOFILE) leaves room
// for, two sockets each, beside the pipes and the stashed sockets of all loops.
func mostFlows(loops int) (int64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("read descriptor limit: %w", err)
	}
	most := (int64(min(limit.Cur, 1<<30)) - reserve - int64(loops*(leg.Descriptors+intake.Descriptors))) / 2
	if most < flowsLeast {
		return 0, fmt.Errorf("start proxy: descriptor limit %d leaves room for %d flows: raise LimitNOFILE", limit.Cur, max(most, 0))
	}
	return most, nil
}
