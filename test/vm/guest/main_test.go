package guest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"limpid/test/vm"
)

func TestMain(m *testing.M) {
	if !vm.Inside() {
		fmt.Println("test/vm/guest: run by the tests of test/vm inside its machine, not here")
		return
	}
	os.Exit(m.Run())
}

// command runs a program and gives its output; any failure ends the test.
func command(t *testing.T, line string) string {
	t.Helper()
	out, err := try(t, line)
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return out
}

func try(t *testing.T, line string) (string, error) {
	t.Helper()
	words := strings.Fields(line)
	out, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput()
	return string(out), err
}

// namespace makes a network namespace that is removed with the test.
func namespace(t *testing.T, name string) {
	t.Helper()
	command(t, "ip netns add "+name)
	t.Cleanup(func() {
		// The test's own context has ended by now.
		if out, err := exec.CommandContext(context.Background(), "ip", "netns", "del", name).CombinedOutput(); err != nil {
			t.Errorf("remove namespace %s: %v: %s", name, err, out)
		}
	})
	command(t, "ip -n "+name+" link set lo up")
}

// cable joins two namespaces by a veth pair that is named eth0 on the left side and as given on the right.
func cable(t *testing.T, left, right, device string) {
	t.Helper()
	command(t, "ip -n "+left+" link add eth0 type veth peer name "+device+" netns "+right)
	command(t, "ip -n "+left+" link set eth0 up")
	command(t, "ip -n "+right+" link set "+device+" up")
}

// address gives a device an address at once usable: without duplicate address detection in IPv6.
func address(t *testing.T, ns, device, prefix string) {
	t.Helper()
	line := "ip -n " + ns + " addr add " + prefix + " dev " + device
	if strings.Contains(prefix, ":") {
		line += " nodad"
	}
	command(t, line)
}
