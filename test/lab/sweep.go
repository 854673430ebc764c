package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Sweep removes what labs of dead processes left: a lab's namespaces carry the
// pid of the process that built them, and only those whose process is gone are
// touched, with the processes inside. It returns the names it removed.
func Sweep() ([]string, error) {
	entries, err := os.ReadDir(netnsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list namespaces: %w", err)
	}
	var stale []string
	spaces := map[nsID]bool{}
	for _, e := range entries {
		pid, ok := builder(e.Name())
		if !ok || alive(pid) {
			continue
		}
		stale = append(stale, e.Name())
		// A name that was claimed but never mounted is an ordinary file and
		// matches no process.
		if id, err := identify(filepath.Join(netnsDir, e.Name())); err == nil {
			spaces[id] = true
		}
	}
	if len(stale) == 0 {
		return nil, nil
	}
	if err := killIn(spaces); err != nil {
		return nil, err
	}
	for _, name := range stale {
		if err := removeName(name); err != nil {
			return nil, err
		}
	}
	return stale, removeStaleDirs()
}

// removeStaleDirs removes the temporary directories of the same dead labs.
func removeStaleDirs() error {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), "lp[0-9]*"))
	if err != nil {
		return fmt.Errorf("list stale directories: %w", err)
	}
	for _, dir := range dirs {
		if pid, ok := builder(filepath.Base(dir)); ok && !alive(pid) {
			if err := os.RemoveAll(dir); err != nil {
				return fmt.Errorf("remove stale directory: %w", err)
			}
		}
	}
	return nil
}

// prefix names the n-th lab of a process: lp4711-, lp4711.2-, ...
func prefix(pid, n int) string {
	if n == 1 {
		return fmt.Sprintf("lp%d-", pid)
	}
	return fmt.Sprintf("lp%d.%d-", pid, n)
}

// builder reads the pid back out of a name that starts with a prefix.
func builder(name string) (pid int, ok bool) {
	rest, ok := strings.CutPrefix(name, "lp")
	if !ok {
		return 0, false
	}
	rest, _, ok = strings.Cut(rest, "-")
	if !ok {
		return 0, false
	}
	digits, n, nth := strings.Cut(rest, ".")
	if nth {
		if _, err := strconv.ParseUint(n, 10, 16); err != nil {
			return 0, false
		}
	}
	p, err := strconv.ParseUint(digits, 10, 31)
	return int(p), err == nil && p > 0
}
