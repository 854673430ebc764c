package main

import (
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// usage is the CPU time of processes so far, user and system, and the part
// that each plays.
type usage struct {
	parts map[int]string
	spent map[int]time.Duration
}

// readUsage reads the clocks one after another; that takes some microseconds.
func readUsage(parts map[int]string) (usage, error) {
	u := usage{parts, map[int]time.Duration{}}
	for pid := range parts {
		t, err := cpuTime(pid)
		if err != nil {
			return usage{}, err
		}
		u.spent[pid] = t
	}
	return u, nil
}

// since is the time spent by each part since before. Both must be of the same
// processes: one that died or was born meanwhile falsifies the figure.
func (u usage) since(before usage) (map[string]time.Duration, error) {
	if !maps.Equal(u.parts, before.parts) {
		return nil, fmt.Errorf("measure CPU time: the processes were %v and then %v", before.parts, u.parts)
	}
	parts := map[string]time.Duration{}
	for pid, t := range u.spent {
		parts[u.parts[pid]] += t - before.spent[pid]
	}
	return parts, nil
}

// cpuTime reads a process's CPU clock: all of its threads, ended ones too, in
// nanoseconds. The scheduler counts it at each switch; utime and stime of
// /proc/PID/stat are the same sum, split by sampling and cut to ticks. A clock
// is named by the complement of a pid (clock_getcpuclockid(3); CPUCLOCK_SCHED
// in include/linux/posix-timers_types.h, Linux 6.12).
func cpuTime(pid int) (time.Duration, error) {
	const cpuclockSched = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|cpuclockSched), &ts); err != nil {
		return 0, fmt.Errorf("read CPU time of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// descendants finds a process, its children, theirs, and so on. Their part is
// "proxy".
func descendants(root int) (map[int]string, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	children := map[int][]int{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // it has ended since the directory was read
		}
		if parent, ok := parentOf(string(stat)); ok {
			children[parent] = append(children[parent], pid)
		}
	}
	// Breadth first, from the root down.
	found := map[int]string{}
	for next := []int{root}; len(next) > 0; next = next[1:] {
		found[next[0]] = partProxy
		next = append(next, children[next[0]]...)
	}
	return found, nil
}

// parentOf takes the fourth field of /proc/PID/stat; the second, the name, is
// in parentheses and may hold anything. A zombie has no parent here: it does
// nothing any more.
func parentOf(stat string) (int, bool) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 || fields[0] == "Z" {
		return 0, false
	}
	parent, err := strconv.Atoi(fields[1])
	return parent, err == nil
}
