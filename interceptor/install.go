package interceptor

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
)

// tableName is the name of both tables.
const tableName = "limpid"

func bridgeTable() *nftables.Table {
	return &nftables.Table{Name: tableName, Family: nftables.TableFamilyBridge, Flags: nftables.TableFlagOwner}
}

func inetTable() *nftables.Table {
	return &nftables.Table{Name: tableName, Family: nftables.TableFamilyINet, Flags: nftables.TableFlagOwner}
}

// install puts a rule set in place in one batch: the kernel takes all of it or
// nothing. With keep, sets that are there stay as they are.
func install(conn *nftables.Conn, s Spec, rules ruleset, exists, keep bool) error {
	bridge, inet := bridgeTable(), inetTable()
	if exists && !keep {
		conn.DelTable(bridge)
		conn.DelTable(inet)
	}
	conn.AddTable(bridge)
	conn.AddTable(inet)
	if exists && keep {
		conn.FlushTable(bridge)
		conn.FlushTable(inet)
	}
	if err := addSets(conn, bridge, s, rules.sets, exists && keep); err != nil {
		return err
	}
	for _, name := range counterNames() {
		conn.AddObj(&nftables.NamedObj{Table: bridge, Name: name, Type: nftables.ObjTypeCounter, Obj: &expr.Counter{}})
	}
	addChains(conn, bridge, rules.bridge)
	addChains(conn, inet, rules.inet)
	if err := conn.Flush(); err != nil {
		if errors.Is(err, syscall.EPERM) {
			return fmt.Errorf("install tables %s: %w (does another limpid hold them in this network namespace?)", tableName, err)
		}
		return fmt.Errorf("install tables %s: %w", tableName, err)
	}
	return nil
}

func addSets(conn *nftables.Conn, table *nftables.Table, s Spec, sets []set, flush bool) error {
	ports := make([]nftables.SetElement, len(s.Ports))
	for i, p := range s.Ports {
		ports[i] = nftables.SetElement{Key: binaryutil.BigEndian.PutUint16(p)}
	}
	for _, set := range sets {
		described, err := set.nft(table)
		if err != nil {
			return err
		}
		if err := conn.AddSet(described, nil); err != nil {
			return fmt.Errorf("add set %s: %w", set.name, err)
		}
		if set.name != setPorts {
			continue
		}
		if flush {
			conn.FlushSet(described)
		}
		if err := conn.SetAddElements(described, ports); err != nil {
			return fmt.Errorf("fill set %s: %w", set.name, err)
		}
	}
	return nil
}

// addChains adds all chains before any rule, since rules jump forward.
func addChains(conn *nftables.Conn, table *nftables.Table, chains []chain) {
	hooks := map[string]*nftables.ChainHook{
		"prerouting": nftables.ChainHookPrerouting,
		"input":      nftables.ChainHookInput,
		"output":     nftables.ChainHookOutput,
	}
	added := make([]*nftables.Chain, len(chains))
	for i, c := range chains {
		added[i] = &nftables.Chain{Name: c.name, Table: table}
		if c.hook != "" {
			added[i].Type = nftables.ChainTypeFilter
			added[i].Hooknum = hooks[c.hook]
			added[i].Priority = new(nftables.ChainPriority(c.priority))
		}
		conn.AddChain(added[i])
	}
	for i, c := range chains {
		for _, r := range c.rules {
			conn.AddRule(&nftables.Rule{Table: table, Chain: added[i], Exprs: r.exprs()})
		}
	}
}
