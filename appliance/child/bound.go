package child

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Bounds is how much a process may have: what it needs many times over, so that one
// that goes astray, or was taken over, falls before the box feels it.
type Bounds struct {
	Descriptors uint64
	Memory      uint64 // bytes it may write to; Go reserves more than it uses
	Threads     uint64 // of all processes of its user
	File        uint64 // bytes of any file it writes
}

// WebBounds are those of the page's process. It writes no file at all.
func WebBounds() Bounds { return Bounds{Descriptors: 512, Memory: 512 << 20, Threads: 256} }

// PacketsBounds are those of the process that records frames, into a file of so many bytes.
func PacketsBounds(file int64) Bounds {
	return Bounds{Descriptors: 16, Memory: 256 << 20, Threads: 64, File: uint64(file)}
}

// LadderBounds are those of the process that makes a ladder. It writes no file at all.
func LadderBounds() Bounds { return Bounds{Descriptors: 16, Memory: 256 << 20, Threads: 64} }

// Set gives up for good most of what the kernel would let this process have (getrlimit(2)).
func (b Bounds) Set() error {
	for _, bound := range []struct {
		name     string
		resource int
		most     uint64
	}{
		{"descriptors", unix.RLIMIT_NOFILE, b.Descriptors},
		{"memory", unix.RLIMIT_DATA, b.Memory},
		{"threads", unix.RLIMIT_NPROC, b.Threads},
		{"file size", unix.RLIMIT_FSIZE, b.File},
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
