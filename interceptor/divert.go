package interceptor

import (
	"fmt"
	"net/netip"
	"strings"
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
	command := map[string]string{"4": "iptables", "6": "ip6tables"}[f.suffix]
	return s.eachPort(func(port uint16) string {
		return fmt.Sprintf("%s -t mangle -A PREROUTING -p tcp --dport %d -j TPROXY --on-port %d --tproxy-mark 0x1/0x1", command, port, s.ProxyPort)
	})
}

func (s Spec) brouteRecipe(f family, which string) string {
	proto := map[string]string{"4": "IPv4 --ip-proto tcp --ip-", "6": "IPv6 --ip6-proto tcp --ip6-"}[f.suffix]
	return s.eachPort(func(port uint16) string {
		return fmt.Sprintf("ebtables -t broute -A BROUTING -p %s%s %d -j redirect --redirect-target DROP", proto, which, port)
	})
}

// brouteRecipes are those of every family.
func (s Spec) brouteRecipes(which string) string {
	var lines []string
	for _, f := range s.families() {
		lines = append(lines, s.brouteRecipe(f, which))
	}
	return strings.Join(lines, "\n")
}

// eachPort is one line for each captured port.
func (s Spec) eachPort(line func(port uint16) string) string {
	lines := make([]string, len(s.Ports))
	for i, port := range s.Ports {
		lines[i] = line(port)
	}
	return strings.Join(lines, "\n")
}
