package interceptor

import (
	"log/slog"
	"net"
	"os/exec"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// box puts the test, or the subtest that calls it, into a network namespace of its own with a bridge of two
// ports, and returns the Spec that fits them.
//
//	peer0 ── eth0 [br0] eth1 ── peer1
func box(t *testing.T) Spec {
	t.Helper()
	// The thread stays locked, so that the runtime discards it, and the
	// namespace with it, when the test ends.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("make a network namespace: %v (run as root)", err)
	}
	mac := net.HardwareAddr{0x02, 0x77, 0, 0, 0, 0xb0}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr = "br0", mac
	bridge := &netlink.Bridge{LinkAttrs: attrs}
	must(t, netlink.LinkAdd(bridge))
	for _, name := range []string{"0", "1"} {
		a := netlink.NewLinkAttrs()
		a.Name = "eth" + name
		must(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: a, PeerName: "peer" + name}))
		port, err := netlink.LinkByName(a.Name)
		must(t, err)
		must(t, netlink.LinkSetMaster(port, bridge))
		must(t, netlink.LinkSetUp(port))
	}
	must(t, netlink.LinkSetUp(bridge))
	lo, err := netlink.LinkByName("lo")
	must(t, err)
	must(t, netlink.LinkSetUp(lo))
	return Spec{
		Bridge: "br0", BridgeMAC: [6]byte(mac), LAN: "eth0", WAN: "eth1", Ports: []uint16{80},
		Capture: Redirect, Handshake: Accept, Memory: Sets, IPv6: true, ProxyPort: 8080, Slots: 1000,
	}.DefaultTimeouts()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func opened(t *testing.T) *Interceptor {
	t.Helper()
	i, err := Open(slog.New(slog.NewTextHandler(t.Output(), nil)))
	must(t, err)
	t.Cleanup(func() { _ = i.Close() })
	return i
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}
