package interceptor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Found is what the kernel has of capture, beside what was installed.
type Found struct {
	Tables []FoundTable // bridge, inet
	// Planned says that rules were installed: the rest is compared with them.
	Planned bool
	Rules   int      // in both tables
	Missing []string // chains that have other rules than planned, and programs that are not at their ports, one text each
	Ports   []uint16 // set "ports", in order
	Armed   bool     // set "armed" has the clients' port
	Routes  int      // routing rules, routes and next hops that are as planned
	Lost    []string // those that are not there, as the command that would make them
	Sysctls []Sysctl
}

// FoundTable is one of the two tables.
type FoundTable struct {
	Name    string // as nft has it, family first
	Present bool
	Owned   bool // by a socket: nobody else may change it
}

// Sysctl is a value below /proc/sys/net that capture needs.
type Sysctl struct{ Key, Have, Want, Why string }

// Inspect compares the kernel with what was last applied; it changes nothing.
// Its dumps are of limpid's own tables, routing tables and next hops: how large
// they are is not up to anybody on the wire.
func (i *Interceptor) Inspect(ctx context.Context) (Found, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return inspect(ctx, i.spec)
}

// Inspect looks for tables that somebody else has installed.
func Inspect(ctx context.Context) (Found, error) { return inspect(ctx, nil) }

func inspect(ctx context.Context, s *Spec) (Found, error) {
	if err := ctx.Err(); err != nil {
		return Found{}, fmt.Errorf("inspect capture: %w", err)
	}
	conn, err := nftables.New(nftables.AsLasting())
	if err != nil {
		return Found{}, fmt.Errorf("open netfilter socket: %w", err)
	}
	defer func() { _ = conn.CloseLasting() }() // only read from
	var f Found
	for _, t := range []*nftables.Table{bridgeTable(), inetTable()} {
		found, err := findTable(conn, t)
		if err != nil {
			return f, err
		}
		f.Tables = append(f.Tables, found)
	}
	if s == nil {
		return f, nil
	}
	f.Planned = true
	rules, err := plan(*s)
	if err != nil {
		return f, err
	}
	for i, part := range []struct {
		table  *nftables.Table
		chains []chain
	}{{bridgeTable(), rules.bridge}, {inetTable(), rules.inet}} {
		if f.Tables[i].Present {
			if err := f.countRules(part.table, part.chains); err != nil {
				return f, err
			}
		}
	}
	if f.Tables[0].Present {
		if err := f.readSets(conn, *s); err != nil {
			return f, err
		}
	}
	if s.Memory == Programs {
		missing, err := s.flowSpec().Missing()
		if err != nil {
			return f, err
		}
		for _, w := range missing {
			f.Missing = append(f.Missing, fmt.Sprintf("%v is not there", w))
		}
	}
	f.Sysctls = readSysctls()
	return f, f.readRouting(*s)
}

// titleOf is a table as nft names it.
func titleOf(t *nftables.Table) string {
	family := "inet "
	if t.Family == nftables.TableFamilyBridge {
		family = "bridge "
	}
	return family + t.Name
}

func findTable(conn *nftables.Conn, t *nftables.Table) (FoundTable, error) {
	f := FoundTable{Name: titleOf(t)}
	found, err := conn.ListTableOfFamily(t.Name, t.Family)
	if errors.Is(err, syscall.ENOENT) {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("look for table %s: %w", f.Name, err)
	}
	f.Present, f.Owned = true, found.Flags&nftables.TableFlagOwner != 0
	return f, nil
}

// countRules compares how many rules each chain has. What they say need not be
// compared: the owner alone can change them, and it takes them all or none.
func (f *Found) countRules(t *nftables.Table, chains []chain) error {
	counts, err := rulesByChain(t)
	if err != nil {
		return fmt.Errorf("list rules of table %s: %w", titleOf(t), err)
	}
	for _, c := range chains {
		f.Rules += counts[c.name]
		if have := counts[c.name]; have != len(c.rules) {
			f.Missing = append(f.Missing, fmt.Sprintf("chain %s of table %s has %d rules of %d", c.name, titleOf(t), have, len(c.rules)))
		}
	}
	return nil
}

// lenNfgenmsg is the length of struct nfgenmsg: family, version, resource.
const lenNfgenmsg = 4

// rulesByChain asks by hand: the library would decode each expression, and knows
// not all of them.
func rulesByChain(t *nftables.Table) (map[string]int, error) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // only read from
	table, err := netlink.MarshalAttributes([]netlink.Attribute{{Type: unix.NFTA_RULE_TABLE, Data: []byte(t.Name + "\x00")}})
	if err != nil {
		return nil, err
	}
	messages, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETRULE, Flags: netlink.Request | netlink.Dump},
		Data:   append([]byte{byte(t.Family), unix.NFNETLINK_V0, 0, 0}, table...),
	})
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int)
	for _, m := range messages {
		if len(m.Data) < lenNfgenmsg {
			continue
		}
		attrs, err := netlink.NewAttributeDecoder(m.Data[lenNfgenmsg:])
		if err != nil {
			return nil, err
		}
		for attrs.Next() {
			if attrs.Type() == unix.NFTA_RULE_CHAIN {
				counts[attrs.String()]++
			}
		}
		if err := attrs.Err(); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// readSets reads the two small sets; those of flows are as large as clients make them.
func (f *Found) readSets(conn *nftables.Conn, s Spec) error {
	read := func(name string, key nftables.SetDatatype) ([]nftables.SetElement, error) {
		list, err := conn.GetSetElements(&nftables.Set{Table: bridgeTable(), Name: name, KeyType: key})
		if err != nil {
			return nil, fmt.Errorf("read set %s of table bridge %s: %w", name, tableName, err)
		}
		return list, nil
	}
	ports, err := read(setPorts, nftables.TypeInetService)
	if err != nil {
		return err
	}
	for _, p := range ports {
		if len(p.Key) >= 2 {
			f.Ports = append(f.Ports, binary.BigEndian.Uint16(p.Key))
		}
	}
	slices.Sort(f.Ports)
	armed, err := read(setArmed, nftables.TypeIFName)
	f.Armed = slices.ContainsFunc(armed, func(e nftables.SetElement) bool {
		name, _, _ := strings.Cut(string(e.Key), "\x00")
		return name == s.LAN
	})
	return err
}

// readSysctls leaves out those that the kernel does not have.
func readSysctls() []Sysctl {
	var list []Sysctl
	for _, s := range sysctls() {
		value, err := os.ReadFile(filepath.Join("/proc/sys/net", s.key))
		if err != nil {
			continue
		}
		list = append(list, Sysctl{Key: "net/" + s.key, Have: strings.TrimSpace(string(value)), Want: s.value, Why: s.why})
	}
	return list
}
