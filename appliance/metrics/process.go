package metrics

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is what a process uses, by the kernel's account.
type usage struct {
	cpu         time.Duration // user and system
	resident    uint64        // bytes
	descriptors int           // open
}

// tick is the unit of times in /proc: 1/USER_HZ, which is 100 on all of
// Linux's architectures that Go knows (include/uapi/asm-generic/param.h).
const tick = 10 * time.Millisecond

// readUsage reads /proc/PID. It is an error when there is no such
// process, or not any longer.
func readUsage(pid int) (usage, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	text, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return usage{}, fmt.Errorf("read usage of process %d: %w", pid, err)
	}
	u, err := parseStat(string(text))
	if err != nil {
		return usage{}, fmt.Errorf("read usage of process %d: %w", pid, err)
	}
	if u.descriptors, err = countDescriptors(filepath.Join(dir, "fd")); err != nil {
		return usage{}, fmt.Errorf("count descriptors of process %d: %w", pid, err)
	}
	return u, nil
}

// parseStat takes what is needed of /proc/PID/stat (proc_pid_stat(5)).
func parseStat(text string) (usage, error) {
	// The name, field 2, may hold anything, brackets too; what follows may not.
	end := strings.LastIndexByte(text, ')')
	fields := strings.Fields(text[end+1:]) // from field 3 on
	const utime, stime, threads, rss = 14 - 3, 15 - 3, 20 - 3, 24 - 3
	if end < 0 || len(fields) <= rss {
		return usage{}, errors.New("stat has too few fields")
	}
	var n [4]uint64
	for i, field := range []int{utime, stime, rss, threads} {
		var err error
		if n[i], err = strconv.ParseUint(fields[field], 10, 64); err != nil {
			return usage{}, fmt.Errorf("field %d of stat: %w", field+3, err)
		}
	}
	if n[3] == 0 {
		// It is being reaped: its times read 0 too (fs/proc/array.c).
		return usage{}, errors.New("it is gone")
	}
	return usage{cpu: time.Duration(n[0]+n[1]) * tick, resident: n[2] * uint64(os.Getpagesize())}, nil
}

// countDescriptors counts the entries of /proc/PID/fd. Since Linux 6.2 the size
// of that directory is their number (fs/proc/fd.c), which saves the listing of
// 130,000 of them.
func countDescriptors(path string) (int, error) {
	dir, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer dir.Close()
	if info, err := dir.Stat(); err == nil && info.Size() > 0 {
		return int(info.Size()), nil
	}
	names, err := dir.Readdirnames(-1)
	return len(names), err
}
