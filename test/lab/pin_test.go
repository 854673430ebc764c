package lab

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The last CPU that this process may use, so that a mask that was never set is
// told from one that was.
func TestPin(t *testing.T) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	last := -1
	for cpu := range len(allowed) * 64 {
		if allowed.IsSet(cpu) {
			last = cpu
		}
	}
	l := New(t)
	count := func(n *Node) string {
		out, err := n.Command(t.Context(), "nproc").Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	before := count(l.C1)
	if err := l.Box.Pin(last); err != nil {
		t.Fatal(err)
	}
	if got := count(l.Box); got != "1" {
		t.Errorf("a program in the pinned node has %s CPUs, want 1", got)
	}
	if got := count(l.C1); got != before {
		t.Errorf("a program in another node has %s CPUs, want %s as before", got, before)
	}
	if err := l.Box.Pin(len(allowed)*64 - 1); err == nil {
		t.Error("no error for a CPU that does not exist")
	}
}
