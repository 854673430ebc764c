package interceptor

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"limpid/interceptor/flows"
)

// boxOfPrograms is box, with flows remembered by programs.
func boxOfPrograms(t *testing.T) Spec {
	t.Helper()
	s := box(t)
	s.Memory = Programs
	return s
}

// attached is how many of the programs are at their ports.
func attached(t *testing.T, s Spec) int {
	t.Helper()
	missing, err := s.flowSpec().Missing()
	must(t, err)
	return len(s.flowSpec().Ways()) - len(missing)
}

func TestProgramsComeAndGoWithTheRules(t *testing.T) {
	s := boxOfPrograms(t)
	before := traces(t)
	i := opened(t)
	must(t, i.Apply(t.Context(), s))
	if n := attached(t, s); n != 4 {
		t.Fatalf("%d programs are at the ports, want 4", n)
	}
	found, err := i.Inspect(t.Context())
	must(t, err)
	if len(found.Missing) > 0 || len(found.Lost) > 0 {
		t.Errorf("missing %v, lost %v", found.Missing, found.Lost)
	}
	must(t, i.Withdraw())
	if n := attached(t, s); n != 0 {
		t.Errorf("%d programs are left", n)
	}
	if got := traces(t); got != before {
		t.Errorf("before:\n%s\nafter withdrawing:\n%s", before, got)
	}
	must(t, i.Apply(t.Context(), s))
	s.Memory = Sets
	must(t, i.Apply(t.Context(), s))
	if n := attached(t, s); n != 0 {
		t.Errorf("%d programs are left beside sets", n)
	}
}

func TestProgramsGoWithTheLastThatKeepsThem(t *testing.T) {
	s := boxOfPrograms(t)
	i := opened(t)
	must(t, i.Apply(t.Context(), s))
	heir, err := unix.Dup(i.OwnerFD())
	must(t, err)
	s.Ports = []uint16{80, 8000} // the programs are others now, at the same places
	must(t, i.Apply(t.Context(), s))
	killed(t, i)
	if n := attached(t, s); n != 4 {
		t.Errorf("%d programs are at the ports although they were inherited, want 4", n)
	}
	if got := output(t, "nft", "list", "tables"); !strings.Contains(got, "limpid") {
		t.Error("tables are gone although their socket was inherited")
	}
	must(t, unix.Close(heir))
	if n := attached(t, s); n != 0 {
		t.Errorf("%d programs outlive their last holder", n)
	}
	if got := output(t, "nft", "list", "tables"); strings.Contains(got, "limpid") {
		t.Errorf("tables outlive their last holder: %s", got)
	}
}

// An heir that never looks keeps nothing of what was withdrawn.
func TestWithdrawnProgramsAreNotKeptByAnHeir(t *testing.T) {
	s := boxOfPrograms(t)
	i := opened(t)
	heir, err := unix.Dup(i.OwnerFD())
	must(t, err)
	defer unix.Close(heir)
	must(t, i.Apply(t.Context(), s))
	must(t, i.Withdraw())
	if n := attached(t, s); n != 0 {
		t.Errorf("%d programs are kept by an heir after they were withdrawn", n)
	}
}

// A second limpid in the same place takes its programs away again when it may not
// install rules, and leaves the first one's.
func TestSecondLimpidLeavesTheFirstOnesPrograms(t *testing.T) {
	s := boxOfPrograms(t)
	i := opened(t)
	must(t, i.Apply(t.Context(), s))
	if err := opened(t).Apply(t.Context(), s); err == nil || !strings.Contains(err.Error(), "another limpid") {
		t.Errorf("a second limpid: %v", err)
	}
	if n := attached(t, s); n != 4 {
		t.Errorf("%d programs are at the ports, want the first one's 4", n)
	}
	if _, err := flows.Remembered(s.LAN); err != nil {
		t.Error(err)
	}
}

// A port that was made anew has its programs again with the next Apply, equal as it is.
func TestProgramsComeBackToAPortMadeAnew(t *testing.T) {
	s := boxOfPrograms(t)
	i := opened(t)
	must(t, i.Apply(t.Context(), s))
	output(t, "ip", "link", "delete", "eth1")
	output(t, "ip", "link", "add", "eth1", "type", "veth", "peer", "name", "peer1")
	output(t, "ip", "link", "set", "eth1", "master", "br0", "up")
	found, err := i.Inspect(t.Context())
	must(t, err)
	if len(found.Missing) != 2 {
		t.Errorf("missing %q, want both programs of eth1", found.Missing)
	}
	must(t, i.Apply(t.Context(), s))
	if n := attached(t, s); n != 4 {
		t.Errorf("%d programs are at the ports, want 4", n)
	}
}
