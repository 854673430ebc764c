package guest

import (
	"strings"
	"testing"
)

// threeNamespaces makes client - box - server, where box bridges its ports lan and wan.
func threeNamespaces(t *testing.T) {
	t.Helper()
	for _, ns := range []string{"client", "box", "server"} {
		namespace(t, ns)
	}
	cable(t, "client", "box", "lan")
	cable(t, "server", "box", "wan")
	command(t, "ip -n box link add br0 type bridge forward_delay 0 stp_state 0")
	command(t, "ip -n box link set lan master br0")
	command(t, "ip -n box link set wan master br0")
	command(t, "ip -n box link set br0 up")
	address(t, "client", "eth0", "192.0.2.1/24")
	address(t, "client", "eth0", "2001:db8::1/64")
	address(t, "server", "eth0", "192.0.2.2/24")
	address(t, "server", "eth0", "2001:db8::2/64")
}

func TestBridgeCarriesBothFamilies(t *testing.T) {
	threeNamespaces(t)
	command(t, "ip netns exec client ping -c 1 -W 5 192.0.2.2")
	command(t, "ip netns exec client ping -c 1 -W 5 2001:db8::2")
	if out := command(t, "bridge -n box link show"); !strings.Contains(out, "lan") || !strings.Contains(out, "forwarding") {
		t.Errorf("bridge link show: %s", out)
	}
}

func TestVLANDevices(t *testing.T) {
	threeNamespaces(t)
	for ns, addr := range map[string]string{"client": "198.51.100.1/24", "server": "198.51.100.2/24"} {
		command(t, "ip -n "+ns+" link add link eth0 name eth0.42 type vlan id 42")
		command(t, "ip -n "+ns+" link set eth0.42 up")
		address(t, ns, "eth0.42", addr)
	}
	command(t, "ip -n box link add link br0 name br0.42 type vlan id 42")
	command(t, "ip netns exec client ping -c 1 -W 5 198.51.100.2")
}

func TestNetemLosesFrames(t *testing.T) {
	threeNamespaces(t)
	command(t, "tc -n box qdisc add dev wan root netem loss 100%")
	if out, err := try(t, "ip netns exec client ping -c 2 -i 0.2 -W 1 192.0.2.2"); err == nil {
		t.Errorf("ping crossed a link that loses everything: %s", out)
	}
	command(t, "tc -n box qdisc change dev wan root netem delay 1ms")
	command(t, "ip netns exec client ping -c 1 -W 5 192.0.2.2")
}

// The route by mark to a neighbour that is only made up is what limpid answers clients with.
func TestPolicyRouting(t *testing.T) {
	namespace(t, "box")
	command(t, "ip -n box link add dummy0 type dummy")
	command(t, "ip -n box link set dummy0 up")
	command(t, "ip -n box rule add fwmark 0x1 lookup 100")
	command(t, "ip -n box route add local default dev lo table 100")
	command(t, "ip -n box rule add fwmark 0x2 lookup 101")
	command(t, "ip -n box route add default via 169.254.254.1 dev dummy0 onlink table 101")
	command(t, "ip -n box neigh add 169.254.254.1 lladdr 02:00:00:00:00:01 dev dummy0 nud permanent")
	if out := command(t, "ip -n box route get 203.0.113.1 mark 0x2"); !strings.Contains(out, "via 169.254.254.1 dev dummy0") {
		t.Errorf("route of mark 2: %s", out)
	}
	if out := command(t, "ip -n box route get 203.0.113.1 mark 0x1"); !strings.Contains(out, "local") {
		t.Errorf("route of mark 1: %s", out)
	}
}
