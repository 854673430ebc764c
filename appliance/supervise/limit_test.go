package supervise

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestFlowsWithin(t *testing.T) {
	for _, c := range []struct {
		limit        uint64
		wanted, want int
	}{
		{1 << 20, 65536, 65536},
		{2*65536 + 4096, 65536, 65536},
		{20000, 65536, 7952},
		{4096, 65536, 1024},
		{1024, 65536, 256},
		{3, 10, 1},
		{0, 10, 1},
	} {
		if got := flowsWithin(c.limit, c.wanted); got != c.want {
			t.Errorf("limit %d, wanted %d: %d flows, want %d", c.limit, c.wanted, got, c.want)
		}
	}
}

func TestRaiseDescriptors(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	enough := int(before.Max-spareWanted) / 2
	if limit, err := raiseDescriptors(enough); err != nil || limit != before.Max {
		t.Errorf("limit %d, %v; want what there is, %d", limit, err, before.Max)
	}
	// One flow more needs CAP_SYS_RESOURCE; without it the limit stays.
	limit, err := raiseDescriptors(enough + 1)
	if err != nil || limit != before.Max && limit != 2*uint64(enough+1)+spareWanted {
		t.Errorf("limit %d, %v; want %d, or room for %d flows", limit, err, before.Max, enough+1)
	}
	var after unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &after); err != nil || after.Max != limit {
		t.Errorf("the limit is %d, %v; want %d", after.Max, err, limit)
	}
}
