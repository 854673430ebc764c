package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A namespace's sysctls under /proc/sys/net are those of the thread that opens
// them, so these functions run on a node's keeper or inside Node.Do.

// bridgeCalls are the switches of br_netfilter, which start at 1 in every new
// namespace of a kernel that has it, and are absent otherwise.
func bridgeCalls() []string {
	return []string{"bridge/bridge-nf-call-iptables", "bridge/bridge-nf-call-ip6tables", "bridge/bridge-nf-call-arptables"}
}

// prepare sets what must hold before the node has its first interface:
// interfaces copy conf/default when they are made.
func (n nodeSpec) prepare() error {
	if n.kind == inline {
		return nil
	}
	for _, key := range bridgeCalls() {
		if err := setSysctl(key, "0"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	settings := []string{"ipv6/conf/default/disable_ipv6=1", "ipv6/conf/all/disable_ipv6=1"}
	if n.kind != wire {
		settings = []string{
			// Addresses work at once, and nothing is said that no test asked for.
			"ipv6/conf/default/accept_dad=0", "ipv6/conf/all/accept_dad=0",
			"ipv6/conf/default/accept_ra=0", "ipv6/conf/default/router_solicitations=0",
			"ipv4/conf/all/rp_filter=0", "ipv4/conf/default/rp_filter=0",
			"ipv4/conf/all/send_redirects=0", "ipv4/conf/default/send_redirects=0",
			"ipv4/conf/all/accept_redirects=0", "ipv4/conf/default/accept_redirects=0",
			"ipv6/conf/all/accept_redirects=0", "ipv6/conf/default/accept_redirects=0",
			// Each refused connection gets its ICMP, however many there are.
			"ipv4/icmp_ratelimit=0", "ipv6/icmp/ratelimit=0",
			"ipv4/ip_local_port_range=10000 65535",
		}
	}
	if n.kind == router {
		settings = append(settings, "ipv4/ip_forward=1", "ipv6/conf/all/forwarding=1", "ipv6/conf/default/forwarding=1")
	}
	if slices.ContainsFunc(n.routes, func(r routeSpec) bool { return r.kind == local }) {
		// IPv4 lets a socket bind to whatever a local route covers, IPv6 only to
		// addresses that an interface has (net/ipv6/af_inet6.c).
		settings = append(settings, "ipv6/ip_nonlocal_bind=1")
	}
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		if err := setSysctl(key, value); err != nil {
			return err
		}
	}
	return nil
}

// setSysctl writes one key under /proc/sys/net of the calling thread's namespace.
func setSysctl(key, value string) error {
	if err := os.WriteFile(filepath.Join("/proc/sys/net", key), []byte(value), 0o644); err != nil {
		return fmt.Errorf("set sysctl net/%s to %q: %w", key, value, err)
	}
	return nil
}

func getSysctl(key string) (string, error) {
	b, err := os.ReadFile(filepath.Join("/proc/sys/net", key))
	if err != nil {
		return "", fmt.Errorf("read sysctl net/%s: %w", key, err)
	}
	return strings.TrimSpace(string(b)), nil
}

// Sysctl reads a sysctl under net, like "ipv4/ip_forward", in the node.
func (n *Node) Sysctl(key string) (value string, err error) {
	err = n.keeper.do(func() error {
		value, err = getSysctl(key)
		return err
	})
	return value, err
}

// SetSysctl writes one.
func (n *Node) SetSysctl(key, value string) error {
	return n.keeper.do(func() error { return setSysctl(key, value) })
}
