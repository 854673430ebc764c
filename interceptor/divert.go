package interceptor

import (
	"fmt"
	"net/netip"
)

// priorityDivert is mangle's.
const priorityDivert = -150

// divertChain gives captured packets from clients to the TPROXY listener, or
// to the socket their flow already has. Packets from servers need no such
// rule: the upstream socket is bound to the client's address, and policy
// routing makes them local.
func (s Spec) divertChain() chain {
	divert := chain{name: "divert", hook: "prerouting", priority: priorityDivert}
	for _, vlan := range s.vlans() {
		mark := MarkFromClient.WithVLAN(vlan)
		for _, f := range s.families() {
			to, text := netip.MustParseAddr("127.0.0.1"), "127.0.0.1"
			if f.suffix == "6" {
				to, text = netip.MustParseAddr("::1"), "[::1]"
			}
			divert.rules = append(divert.rules, rule{
				why:    "captured packets meet the listener",
				recipe: s.tproxyRecipe(f),
				parts: []statement{family4or6(f), tcp(), markIs(mark),
					tproxyTo(f, to.AsSlice(), text, s.ProxyPort), accept()},
			})
		}
	}
	return divert
}

func (s Spec) tproxyRecipe(f family) string {
	out := ""
	for i, port := range s.Ports {
		if i > 0 {
			out += "\n"
		}
		out += fmt.Sprintf("%s -t mangle -A PREROUTING -p tcp --dport %d -j TPROXY --on-port %d --tproxy-mark 0x1/0x1",
			map[string]string{"4": "iptables", "6": "ip6tables"}[f.suffix], port, s.ProxyPort)
	}
	return out
}

func (s Spec) brouteRecipe(f family, port string) string {
	proto := map[string]string{"4": "IPv4 --ip-proto tcp --ip-", "6": "IPv6 --ip6-proto tcp --ip6-"}[f.suffix]
	out := ""
	for i, p := range s.Ports {
		if i > 0 {
			out += "\n"
		}
		out += fmt.Sprintf("ebtables -t broute -A BROUTING -p %s%s %d -j redirect --redirect-target DROP", proto, port, p)
	}
	return out
}
