package lab

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// processesIn lists the processes, other than this one, that live in one of
// the namespaces.
func processesIn(spaces map[nsID]bool) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		id, err := identify("/proc/" + e.Name() + "/ns/net")
		if err != nil {
			continue // ended meanwhile, or a zombie
		}
		if spaces[id] {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// killIn kills every process in the namespaces and waits until none is left,
// for at most 5 s.
func killIn(spaces map[nsID]bool) error {
	for deadline := time.Now().Add(5 * time.Second); ; {
		pids, err := processesIn(spaces)
		if err != nil || len(pids) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("end processes %v in the lab: still alive after 5 s", pids)
		}
		for _, pid := range pids {
			if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("kill process %d: %w", pid, err)
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// alive reports whether a process exists.
func alive(pid int) bool {
	return !errors.Is(unix.Kill(pid, 0), unix.ESRCH)
}
