package interceptor

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Routing tables. A VLAN's identifier is added to the latter two.
const (
	tableLocal    = 770000
	tableToClient = 771000 // to 775094
	tableToServer = 776000 // to 780094
)

// rulePriority puts our rules before every usual one but that for local addresses.
const rulePriority = 770

// policy is one rule: packets with this mark use this table.
type policy struct {
	family     int // AF_INET or AF_INET6
	mark, mask Mark
	table      int
	priority   int
}

// way is the one route of a table: to a next hop, or to the box itself.
type way struct {
	family int
	table  int
	device string
	via    nexthop // the zero nexthop for "local"
}

// policies and ways are the policy routing of s, as plain values.
func (s Spec) policies() ([]policy, []way) {
	var rules []policy
	var ways []way
	for _, f := range s.families() {
		af := unix.AF_INET
		if f.suffix == "6" {
			af = unix.AF_INET6
		}
		client, server := s.nexthops(f)
		rules = append(rules,
			policy{af, MarkFromClient, MarkMask, tableLocal, rulePriority},
			policy{af, MarkFromServer, MarkMask, tableLocal, rulePriority + 1})
		ways = append(ways, way{family: af, table: tableLocal, device: "lo"})
		for _, vlan := range s.vlans() {
			id := int(vlan)
			rules = append(rules,
				policy{af, MarkToClient.WithVLAN(vlan), ^Mark(0), tableToClient + id, rulePriority + 2},
				policy{af, MarkToServer.WithVLAN(vlan), ^Mark(0), tableToServer + id, rulePriority + 3})
			ways = append(ways,
				way{af, tableToClient + id, s.device(vlan), client},
				way{af, tableToServer + id, s.device(vlan), server})
		}
	}
	return rules, ways
}

// writeRouting prints them as the commands they stand for.
func writeRouting(b *strings.Builder, s Spec) {
	rules, ways := s.policies()
	for _, r := range rules {
		b.WriteString(r.command() + "\n")
		if r.mark == MarkFromClient {
			writeRecipe(b, "", ipCommand(r.family)+" rule add fwmark 0x1/0x1 lookup 100")
		}
	}
	for _, w := range ways {
		b.WriteString(strings.Join(w.commands(), "\n") + "\n")
		if w.device == "lo" {
			writeRecipe(b, "", ipCommand(w.family)+" route add local default dev lo table 100")
		}
	}
}

func ipCommand(family int) string {
	if family == unix.AF_INET6 {
		return "ip -6"
	}
	return "ip"
}

// command is what would make the rule by hand.
func (p policy) command() string {
	return fmt.Sprintf("%s rule add priority %d fwmark %#x/%#x lookup %d", ipCommand(p.family), p.priority, uint32(p.mark), uint32(p.mask), p.table)
}

// commands are what would make the route by hand, and the next hop it leads to:
// the neighbour, and the port that it is behind.
func (w way) commands() []string {
	ip := ipCommand(w.family)
	if w.device == "lo" {
		return []string{fmt.Sprintf("%s route add local default dev lo table %d", ip, w.table)}
	}
	return []string{
		fmt.Sprintf("%s route add default via %v dev %s onlink table %d", ip, w.via.ip, w.device, w.table),
		fmt.Sprintf("%s neigh replace %v lladdr %v dev %s nud permanent", ip, w.via.ip, w.via.mac, w.device),
		fmt.Sprintf("bridge fdb replace %v dev %s master static", w.via.mac, w.via.port),
	}
}

// routing applies policies; all its operations can be repeated.
type routing struct{ handle *netlink.Handle }

func openRouting() (*routing, error) {
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open route socket: %w", err)
	}
	return &routing{handle}, nil
}

func (r *routing) close() { r.handle.Close() }

func (r *routing) apply(s Spec) error {
	rules, ways := s.policies()
	for _, w := range ways {
		if err := r.addWay(w); err != nil {
			return err
		}
	}
	for _, p := range rules {
		if err := r.handle.RuleAdd(p.netlink()); err != nil && !errors.Is(err, fs.ErrExist) && !errors.Is(err, syscall.EEXIST) {
			return fmt.Errorf("add routing rule for mark %#x: %w (needs CONFIG_IP_MULTIPLE_TABLES)", uint32(p.mark), err)
		}
	}
	return nil
}

func (r *routing) addWay(w way) error {
	link, err := r.handle.LinkByName(w.device)
	if err != nil {
		return fmt.Errorf("route table %d: find %s: %w", w.table, w.device, err)
	}
	index := link.Attrs().Index
	if w.device == "lo" {
		route := &netlink.Route{Table: w.table, LinkIndex: index, Type: unix.RTN_LOCAL, Scope: netlink.SCOPE_HOST, Dst: anyOf(w.family), Family: w.family}
		if err := r.handle.RouteReplace(route); err != nil {
			return fmt.Errorf("route table %d to the box itself: %w", w.table, err)
		}
		return nil
	}
	port, err := r.handle.LinkByName(w.via.port)
	if err != nil {
		return fmt.Errorf("route table %d: find port %s: %w", w.table, w.via.port, err)
	}
	entry := &netlink.Neigh{Family: unix.AF_BRIDGE, LinkIndex: port.Attrs().Index, HardwareAddr: w.via.mac,
		State: netlink.NUD_NOARP, Flags: netlink.NTF_MASTER}
	if err := r.handle.NeighSet(entry); err != nil {
		return fmt.Errorf("lead %v out of port %s: %w", w.via.mac, w.via.port, err)
	}
	neighbour := &netlink.Neigh{Family: w.family, LinkIndex: index, IP: w.via.ip.AsSlice(), HardwareAddr: w.via.mac, State: netlink.NUD_PERMANENT}
	if err := r.handle.NeighSet(neighbour); err != nil {
		return fmt.Errorf("make up next hop %v on %s: %w", w.via.ip, w.device, err)
	}
	route := &netlink.Route{Table: w.table, LinkIndex: index, Gw: w.via.ip.AsSlice(), Flags: int(netlink.FLAG_ONLINK), Dst: anyOf(w.family), Family: w.family}
	if err := r.handle.RouteReplace(route); err != nil {
		return fmt.Errorf("route table %d via %v on %s: %w", w.table, w.via.ip, w.device, err)
	}
	return nil
}

// remove takes back what apply added; what is gone already is no error.
func (r *routing) remove(s Spec) error {
	rules, ways := s.policies()
	var errs []error
	gone := func(err error) bool {
		return err == nil || errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.EAFNOSUPPORT)
	}
	for _, p := range rules {
		if err := r.handle.RuleDel(p.netlink()); !gone(err) {
			errs = append(errs, fmt.Errorf("remove routing rule for mark %#x: %w", uint32(p.mark), err))
		}
	}
	for _, w := range ways {
		route := &netlink.Route{Table: w.table, Dst: anyOf(w.family), Family: w.family}
		if w.device == "lo" {
			route.Type, route.Scope = unix.RTN_LOCAL, netlink.SCOPE_HOST
		}
		if err := r.handle.RouteDel(route); !gone(err) {
			errs = append(errs, fmt.Errorf("remove route table %d: %w", w.table, err))
		}
		if w.device != "lo" {
			if err := r.forgetNexthop(w); !gone(err) {
				errs = append(errs, fmt.Errorf("forget next hop %v: %w", w.via.ip, err))
			}
		}
	}
	return errors.Join(errs...)
}

// forgetNexthop removes a neighbour and its FDB entry; interfaces that are
// gone have taken them along.
func (r *routing) forgetNexthop(w way) error {
	var errs []error
	for name, entry := range map[string]netlink.Neigh{
		w.via.port: {Family: unix.AF_BRIDGE, HardwareAddr: w.via.mac, Flags: netlink.NTF_MASTER},
		w.device:   {Family: w.family, IP: w.via.ip.AsSlice()},
	} {
		link, err := r.handle.LinkByName(name)
		if err != nil {
			continue
		}
		entry.LinkIndex = link.Attrs().Index
		// The MAC is the same for both families: the second removal finds nothing.
		if err := r.handle.NeighDel(&entry); err != nil && !errors.Is(err, syscall.ENOENT) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (p policy) netlink() *netlink.Rule {
	rule, mask := netlink.NewRule(), uint32(p.mask)
	rule.Family, rule.Mark, rule.Mask, rule.Table, rule.Priority = p.family, uint32(p.mark), &mask, p.table, p.priority
	return rule
}

func anyOf(family int) *net.IPNet {
	p := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if family == unix.AF_INET6 {
		p = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(0, p.Addr().BitLen())}
}
