package wirevm

import (
	"strings"
	"testing"
	"time"

	"limpid/interceptor"
	"limpid/test/lab"
	"limpid/test/vm"
)

// inGuest is where the limpid under test lies in the machine.
const inGuest = "/usr/local/bin/limpid"

func TestWireOnAKernelWithBrouteAndQueue(t *testing.T) {
	limpid, err := lab.Binary(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// What does not depend on the kernel is not repeated here.
	vm.Test(t, "./test/wire", "Survive|Byte|Cut|Further|Many|Full|Idle|Auto|Dead|Slow|BothEnds|Replies|Stray|Reset|Fragments|Other|Bypassed|VLAN|TPROXY|Verdicts|Silent|KeepsTags|DoctorNames|DoctorCounts|DoctorLadder|Learned|SaidAtOnce|Neighbours", vm.Spec{
		Programs: []string{"ip", "nft", "ping", "setpriv", "sh"},
		Files:    map[string]string{inGuest: limpid},
		Env:      []string{lab.EnvBinary + "=" + inGuest},
		Memory:   3072,
		Timeout:  15 * time.Minute,
	})
}

// TestSetsOnAKernelWithBrouteAndQueue has flows remembered where kernels without programs
// at the ports do: only what comes of that is repeated.
func TestSetsOnAKernelWithBrouteAndQueue(t *testing.T) {
	limpid, err := lab.Binary(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	vm.Test(t, "./test/wire", "Cut|Dead|Slow|BothEnds|Replies|Reset|VLANs|Verdicts|Leg|Slots", vm.Spec{
		Programs: []string{"ip", "nft", "ping", "setpriv", "sh"},
		Files:    map[string]string{inGuest: limpid},
		Env:      []string{lab.EnvBinary + "=" + inGuest, lab.EnvFlowMemory + "=" + string(interceptor.Sets)},
		Memory:   3072,
		Timeout:  10 * time.Minute,
	})
}

// notInVM are the topics that are left to the host's kernel: large transfers take an emulated processor minutes.
func notInVM() []string { return []string{"bulk", "pressure"} }

func TestScenariosOnAKernelWithBrouteAndQueue(t *testing.T) {
	limpid, err := lab.Binary(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("left out: the topics %s, and what needs settings of its own", strings.Join(notInVM(), ", "))
	vm.Test(t, "./test/scenarios", "^TestInLab(WithReset)?$", vm.Spec{
		Programs: []string{"ip", "nft", "ping", "setpriv", "sh"},
		Files:    map[string]string{inGuest: limpid},
		Args:     []string{"-test.skip=/^(" + strings.Join(notInVM(), "|") + ")-"},
		Env:      []string{lab.EnvBinary + "=" + inGuest},
		Memory:   3072,
		Timeout:  10 * time.Minute,
	})
}

func TestBridgeOnAKernelWithVLANs(t *testing.T) {
	vm.Test(t, "./bridge", "VLAN", vm.Spec{Programs: []string{"ip"}, Timeout: 3 * time.Minute})
}

func TestRulesOnAKernelWithVLANs(t *testing.T) {
	vm.Test(t, "./interceptor", "Heard$|Programs", vm.Spec{Programs: []string{"ip", "nft", "bridge"}, Timeout: 3 * time.Minute})
}
