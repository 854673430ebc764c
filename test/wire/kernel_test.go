package wire

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"limpid/test/lab"
)

// TestKernelWithoutTPROXY takes the module out of the virtual machine's kernel, and
// the program that would load it again.
func TestKernelWithoutTPROXY(t *testing.T) {
	if !inVM() {
		t.Skip(noQueue + "; this one needs nft_tproxy to be a module as well")
	}
	const modprobe = "/proc/sys/kernel/modprobe"
	before, err := os.ReadFile(modprobe)
	must(t, err)
	must(t, os.WriteFile(modprobe, []byte("/nonexistent"), 0o644))
	defer func() { must(t, os.WriteFile(modprobe, before, 0o644)) }()
	eventually(t, "nft_tproxy to be unused and unloaded", func() bool {
		err := unix.DeleteModule("nft_tproxy", unix.O_NONBLOCK)
		return err == nil || errors.Is(err, unix.ENOENT)
	})
	l := lab.New(t)
	state := wireState(t, l)
	code, stderr := supervise(t, l, basic)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	oneLine(t, stderr, []string{"TPROXY", "CONFIG_NFT_TPROXY", "Linux 4.19"})
	if after := wireState(t, l); after != state {
		t.Errorf("the wire was touched:\nbefore %s\nafter %s", state, after)
	}
}
