package bridge

// sysctl is a file below /proc/sys and the value wanted in it. Files that a kernel
// does not have are passed over.
type sysctl struct {
	Key  string // path below /proc/sys; slashes, since interface names may hold dots
	Want string
}

// globalSysctls concern the whole network namespace.
func globalSysctls() []sysctl {
	return []sysctl{
		// With these at 1 (their value in every new namespace) bridged frames pass the IP
		// hooks as if they were routed, and TPROXY on a bridge loses every connection.
		{"net/bridge/bridge-nf-call-iptables", "0"},
		{"net/bridge/bridge-nf-call-ip6tables", "0"},
		{"net/bridge/bridge-nf-call-arptables", "0"},
		// The kernel takes the larger of all and the interface's own. Captured packets
		// have sources which the box has no route to.
		{"net/ipv4/conf/all/rp_filter", "0"},
		{"net/ipv4/conf/default/rp_filter", "0"},
		// An ICMP "too big" for the proxy's own connection is addressed to the client, so
		// the box never reads it: TCP has to find the size by itself (RFC 4821).
		{"net/ipv4/tcp_mtu_probing", "1"},
	}
}

// linkSysctls keep an interface silent and open to captured packets. The order
// matters: disable_ipv6 comes last, so that no address is made up when it falls
// to 0. IPv6 stays on, since captured frames enter the IP stack on the port
// (broute) or on the bridge (redirect).
func linkSysctls(name string) []sysctl {
	v4, v6 := "net/ipv4/conf/"+name+"/", "net/ipv6/conf/"+name+"/"
	return []sysctl{
		{v4 + "rp_filter", "0"},
		// Answer ARP only for an address of the interface that was asked, and ask only
		// with one: addresses on other interfaces of the box stay unknown to the wire.
		{v4 + "arp_ignore", "1"},
		{v4 + "arp_announce", "2"},
		// No gratuitous ARP when the interface comes up or its MAC changes.
		{v4 + "arp_notify", "0"},
		// No answer for what the box could route to, were it a router.
		{v4 + "proxy_arp", "0"},
		{v6 + "addr_gen_mode", "1"}, // IN6_ADDR_GEN_MODE_NONE: no link-local address
		// Neither take an address or a route from routers of the wire, nor ask for them.
		{v6 + "accept_ra", "0"},
		{v6 + "autoconf", "0"},
		{v6 + "router_solicitations", "0"},
		// A static management address is announced by nothing but its use.
		{v6 + "dad_transmits", "0"},
		{v6 + "accept_dad", "0"},
		// As arp_notify and proxy_arp above.
		{v6 + "ndisc_notify", "0"},
		{v6 + "proxy_ndp", "0"},
		// A forwarding interface is in the all-routers groups. Leaving them is reported on
		// the wire by MLDv2 even for an interface that was down (mld_add_delrec); by MLDv1
		// only for a group that was reported before (RFC 2710, section 4).
		{v6 + "force_mld_version", "1"},
		{v6 + "forwarding", "0"},
		{v6 + "disable_ipv6", "0"},
	}
}

// sysctlKeys are all the files that Plan and planDown want to know of.
func sysctlKeys(spec Spec) []string {
	wanted := globalSysctls()
	links := []string{spec.Name, spec.LAN, spec.WAN, "default"}
	for _, id := range spec.vlans() {
		links = append(links, spec.vlanName(id))
	}
	for _, name := range links {
		wanted = append(wanted, linkSysctls(name)...)
	}
	keys := make([]string, len(wanted))
	for i, s := range wanted {
		keys[i] = s.Key
	}
	return keys
}
