package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"limpid/test/lab"
)

// What the peers need of the box: they work with a bridge that is a host of
// the subnet, as their manuals have it.
const (
	peerBridge  = "br0"
	peerMAC     = "02:77:00:00:00:50"
	peerAddress = "10.77.0.50/24"
	peerPort    = 3129
)

// divert builds the bridge, its address and routes, and the rules that give
// port 80 to peerPort.
func divert(ctx context.Context, l *lab.Lab) error {
	settings := []string{
		// Bridged packets do not visit the IP hooks: TPROXY would break.
		"bridge/bridge-nf-call-iptables=0", "bridge/bridge-nf-call-ip6tables=0", "bridge/bridge-nf-call-arptables=0",
		"ipv4/conf/all/rp_filter=0", "ipv4/conf/default/rp_filter=0", "ipv4/conf/eth0/rp_filter=0", "ipv4/conf/eth1/rp_filter=0",
		"ipv6/conf/default/disable_ipv6=1", "ipv6/conf/all/disable_ipv6=1",
		// A host on which containers run hands its own 1 down.
		"ipv4/ip_forward=0",
		// Connections made as a client take a port of the box's choosing: let there be as many as at the clients, and
		// used again at once.
		"ipv4/ip_local_port_range=10000 65535", "ipv4/tcp_tw_reuse=1",
	}
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		err := l.Box.SetSysctl(key, value)
		if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(key, "bridge/") {
			continue // a kernel without br_netfilter
		}
		if err != nil {
			return err
		}
	}
	if err := feed(ctx, l.Box, peerLinks(), "ip", "-batch", "-"); err != nil {
		return fmt.Errorf("build the peers' bridge: %w", err)
	}
	rules, err := render("divert.nft", map[string]any{"MAC": peerMAC, "Bridge": peerBridge, "Port": peerPort})
	if err != nil {
		return err
	}
	if err := feed(ctx, l.Box, rules, "nft", "-f", "-"); err != nil {
		return fmt.Errorf("load the peers' rules: %w", err)
	}
	return nil
}

// peerLinks is a batch for ip(8). The bridge has one fixed MAC, as the rules
// name it, and the same routes as a host of the subnet: by these the peers'
// packets find both ends. Marked packets go to the local stack whatever their
// address (Documentation/networking/tproxy.rst, Linux 6.12).
func peerLinks() string {
	batch := []string{
		"link add " + peerBridge + " address " + peerMAC + " type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
		"link set eth0 master " + peerBridge,
		"link set eth1 master " + peerBridge,
		"link set eth0 up",
		"link set eth1 up",
		"link set " + peerBridge + " up",
		"address add " + peerAddress + " dev " + peerBridge,
		"rule add fwmark 1 lookup 100",
		"route add local default dev lo table 100",
	}
	return strings.Join(append(batch, hostRoutes()...), "\n") + "\n"
}

// hostRoutes are for ip(8) too: those of a host of the subnet.
func hostRoutes() []string {
	return []string{
		"route add default via 10.77.0.1",
		"route add 10.78.0.0/16 via 10.77.0.9",
		"route add " + lab.ManyClients4 + " via 10.77.0.11",
		"route add 10.81.0.0/16 via 10.77.0.2",
	}
}

// feed runs a program in a node with text as its input.
func feed(ctx context.Context, n *lab.Node, text, name string, args ...string) error {
	cmd := n.Command(ctx, name, args...)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
