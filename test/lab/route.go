package lab

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// sourceTable holds the routes of s2's second leg; fromRule the priority of
// the rules that lead there.
const (
	sourceTable = 81
	fromRule    = 1000
)

// addRoute adds one route, and the rule that leads to it if it needs one.
func addRoute(h *netlink.Handle, r routeSpec) error {
	to, err := netip.ParsePrefix(r.to)
	if err != nil {
		return fmt.Errorf("parse destination: %w", err)
	}
	route := &netlink.Route{Dst: ipNet(to)}
	switch r.kind {
	case local:
		route.Type, route.Table, route.Scope = unix.RTN_LOCAL, unix.RT_TABLE_LOCAL, netlink.SCOPE_HOST
	case unreachable:
		route.Type = unix.RTN_UNREACHABLE
	case blackhole:
		route.Type = unix.RTN_BLACKHOLE
	case unicast:
		route.Gw = net.ParseIP(r.via)
	}
	if r.dev != "" {
		link, err := h.LinkByName(r.dev)
		if err != nil {
			return fmt.Errorf("find %s: %w", r.dev, err)
		}
		route.LinkIndex = link.Attrs().Index
	}
	if r.from != "" {
		route.Table = sourceTable
		if err := h.RuleAdd(sourceRule(r)); err != nil {
			return fmt.Errorf("add rule from %s: %w", r.from, err)
		}
	}
	if err := h.RouteAdd(route); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	return nil
}

// sourceRule sends packets from r's address to the table of its own.
func sourceRule(r routeSpec) *netlink.Rule {
	from := netip.MustParseAddr(r.from)
	rule := netlink.NewRule()
	rule.Family = unix.AF_INET
	if from.Is6() {
		rule.Family = unix.AF_INET6
	}
	rule.Src = ipNet(netip.PrefixFrom(from, from.BitLen()))
	rule.Table, rule.Priority = sourceTable, fromRule
	return rule
}

// SplitReturn makes s2's leg behind r2 answer by way of r1, so that a flow
// crosses the box towards r2's MAC and comes back from r1's. The function it
// returns undoes that.
func (l *Lab) SplitReturn() (undo func() error, err error) {
	each := func(verb string, f func(*netlink.Handle, *netlink.Rule) error) error {
		return l.S2.netlink(func(h *netlink.Handle) error {
			for _, r := range l.S2.spec.routes {
				if r.from == "" {
					continue
				}
				if err := f(h, sourceRule(r)); err != nil {
					return fmt.Errorf("%s rule from %s in s2: %w", verb, r.from, err)
				}
			}
			return nil
		})
	}
	if err := each("delete", (*netlink.Handle).RuleDel); err != nil {
		return nil, err
	}
	return func() error { return each("add", (*netlink.Handle).RuleAdd) }, nil
}
