package child

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Bounds of the page's process: what it needs many times over, so that one that
// goes astray, or was taken over, falls before the box feels it.
const (
	webDescriptors = 512
	webMemory      = 512 << 20 // bytes it may write to; Go reserves more than it uses
	webThreads     = 256       // of all processes of its user
)

// BoundWeb gives up for good most of what the kernel would let the page's process
// have (getrlimit(2)). It writes no file at all.
func BoundWeb() error {
	for _, bound := range []struct {
		name     string
		resource int
		most     uint64
	}{
		{"descriptors", unix.RLIMIT_NOFILE, webDescriptors},
		{"memory", unix.RLIMIT_DATA, webMemory},
		{"threads", unix.RLIMIT_NPROC, webThreads},
		{"file size", unix.RLIMIT_FSIZE, 0},
		{"core size", unix.RLIMIT_CORE, 0},
	} {
		var limit unix.Rlimit
		if err := unix.Getrlimit(bound.resource, &limit); err != nil {
			return fmt.Errorf("read limit of %s: %w", bound.name, err)
		}
		limit.Max = min(limit.Max, bound.most)
		limit.Cur = limit.Max
		if err := unix.Setrlimit(bound.resource, &limit); err != nil {
			return fmt.Errorf("limit %s: %w", bound.name, err)
		}
	}
	return nil
}
