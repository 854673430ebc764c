package main

import (
	"fmt"
	"os"
	"strings"
)

// memory is what processes hold in RAM, in bytes: their proportional share of
// every page (Pss). The kernel's socket buffers are not in it.
func memory(parts map[int]string) (total int64, err error) {
	for pid := range parts {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return 0, fmt.Errorf("read memory of process %d: %w", pid, err)
		}
		n, err := parsePss(string(text))
		if err != nil {
			return 0, fmt.Errorf("read memory of process %d: %w", pid, err)
		}
		total += n
	}
	return total, nil
}

// parsePss reads the sum over all mappings (proc_pid_smaps(5)). Pages that
// processes share, the program's text first of all, count once in their sum.
func parsePss(rollup string) (int64, error) {
	for line := range strings.Lines(rollup) {
		var kib int64
		if _, err := fmt.Sscanf(line, "Pss: %d kB", &kib); err == nil {
			return kib << 10, nil
		}
	}
	return 0, fmt.Errorf("no Pss in %q", rollup)
}
