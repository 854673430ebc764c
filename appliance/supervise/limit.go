package supervise

import (
	"fmt"

	"golang.org/x/sys/unix"
)

const (
	// spareDescriptors is what a process needs beside two for each flow: pipes for
	// bodies in motion, flows in the hand-over queue, its own few.
	spareDescriptors = 4096
	// spareWanted leaves room for sockets that were reset and linger on each of
	// many loops too. Where the limit cannot be raised, flows need it more.
	spareWanted = 8192
)

// raiseDescriptors raises the hard limit of open descriptors, which children
// inherit and make their soft one, to what flows connections need, as far as
// the kernel lets it, and returns the limit.
func raiseDescriptors(flows int) (uint64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("read descriptor limit: %w", err)
	}
	want := 2*uint64(flows) + spareWanted
	if limit.Max >= want {
		return limit.Max, nil
	}
	raised := unix.Rlimit{Cur: limit.Cur, Max: want}
	// Above the limit there was, this needs CAP_SYS_RESOURCE and at most fs.nr_open.
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &raised); err != nil {
		return limit.Max, nil //nolint:nilerr // the limit there is does, with fewer flows
	}
	return want, nil
}

// flowsWithin is how many flows, of those wanted, limit descriptors allow.
func flowsWithin(limit uint64, wanted int) int {
	spare := min(spareDescriptors, limit/2)
	return max(1, int(min((limit-spare)/2, uint64(wanted))))
}
