package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// orphansName is the file in the run directory that names the children, so that
// a next supervisor finds those which a killed one left.
const orphansName = "children"

// orphanPatience is for children that end by themselves: they do within Told.Grace.
const orphanPatience = 3 * time.Second

// orphan is a process, named so that a number used again is not taken for it.
type orphan struct {
	Name  string `json:"name"`
	PID   int    `json:"pid"`
	Start string `json:"start"` // clock ticks since boot, proc_pid_stat(5) field 22
}

// rememberChildren writes the file anew.
func rememberChildren(dir string, pids map[string]int) error {
	var orphans []orphan
	for name, pid := range pids {
		if start, err := startTime(pid); err == nil {
			orphans = append(orphans, orphan{name, pid, start})
		}
	}
	text, err := json.Marshal(orphans)
	if err != nil {
		return fmt.Errorf("encode children: %w", err)
	}
	path := filepath.Join(dir, orphansName)
	if err := errors.Join(os.WriteFile(path+".new", text, 0o644), os.Rename(path+".new", path)); err != nil {
		return fmt.Errorf("write children: %w", err)
	}
	return nil
}

// endOrphans waits until the children of a supervisor that was killed have
// ended, which they do by themselves, and after patience ends them. They hold
// the ports, and may hold the rules.
func endOrphans(ctx context.Context, dir string, patience time.Duration) error {
	text, err := os.ReadFile(filepath.Join(dir, orphansName))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for children of an earlier run: %w", err)
	}
	var orphans []orphan
	if err := json.Unmarshal(text, &orphans); err != nil {
		return nil //nolint:nilerr // a torn file names nobody
	}
	deadline := time.Now().Add(patience)
	for _, o := range orphans {
		for o.lives() {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if time.Now().After(deadline) {
				_ = syscall.Kill(o.PID, syscall.SIGKILL)
				deadline = time.Now().Add(patience)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return nil
}

func (o orphan) lives() bool {
	start, err := startTime(o.PID)
	return err == nil && start == o.Start
}

// startTime reads field 22; a zombie counts as gone.
func startTime(pid int) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", fmt.Errorf("look at process %d: %w", pid, err)
	}
	// The name, field 2, may hold spaces and parentheses: what follows the last one is field 3.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" {
		return "", fmt.Errorf("look at process %d: it has ended", pid)
	}
	return fields[19], nil
}
