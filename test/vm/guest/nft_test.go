package guest

import (
	"testing"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// metaBroute is NFT_META_BRI_BROUTE (include/uapi/linux/netfilter/nf_tables.h, Linux 6.4 and later).
const metaBroute expr.MetaKey = 35

// addRule puts one rule into a fresh base chain; the table goes with the test. Nothing here lists a table: the nft
// program of Debian 12 crashes at `meta broute`.
func addRule(t *testing.T, family nftables.TableFamily, priority nftables.ChainPriority, rule ...expr.Any) error {
	t.Helper()
	conn, err := nftables.New()
	if err != nil {
		t.Fatal(err)
	}
	table := conn.AddTable(&nftables.Table{Name: "limpid_vm", Family: family})
	chain := conn.AddChain(&nftables.Chain{
		Name: "capture", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookPrerouting, Priority: &priority,
	})
	conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: rule})
	if err := conn.Flush(); err != nil {
		return err
	}
	t.Cleanup(func() {
		conn.DelTable(table)
		if err := conn.Flush(); err != nil {
			t.Errorf("remove table: %v", err)
		}
	})
	return nil
}

func TestBroute(t *testing.T) {
	err := addRule(t, nftables.TableFamilyBridge, -300,
		&expr.Immediate{Register: 1, Data: []byte{1}},
		&expr.Meta{Key: metaBroute, SourceRegister: true, Register: 1},
	)
	if err != nil {
		t.Errorf("meta broute set 1: %v", err)
	}
}

// A key that no kernel has must be refused, else TestBroute shows nothing.
func TestUnknownMetaKeyIsRefused(t *testing.T) {
	err := addRule(t, nftables.TableFamilyBridge, -300,
		&expr.Immediate{Register: 1, Data: []byte{1}},
		&expr.Meta{Key: 0xffff, SourceRegister: true, Register: 1},
	)
	if err == nil {
		t.Error("the kernel took a meta key that does not exist")
	}
}

func TestQueueRule(t *testing.T) {
	err := addRule(t, nftables.TableFamilyBridge, -310, &expr.Queue{Num: 0, Flag: expr.QueueFlagBypass})
	if err != nil {
		t.Errorf("queue num 0 bypass: %v", err)
	}
}

func TestTPROXYAndSocket(t *testing.T) {
	err := addRule(t, nftables.TableFamilyINet, *nftables.ChainPriorityMangle,
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_TCP}},
		&expr.Socket{Key: expr.SocketKeyTransparent, Register: 1},
		&expr.Immediate{Register: 2, Data: binaryutil.BigEndian.PutUint16(8080)},
		&expr.TProxy{Family: byte(nftables.TableFamilyUnspecified), TableFamily: byte(nftables.TableFamilyINet), RegPort: 2},
	)
	if err != nil {
		t.Errorf("socket transparent, tproxy to :8080: %v", err)
	}
}

func TestNftProgram(t *testing.T) {
	namespace(t, "box")
	command(t, "ip netns exec box nft add table inet limpid_vm")
	command(t, "ip netns exec box nft add chain inet limpid_vm pre { type filter hook prerouting priority mangle ; }")
	command(t, "ip netns exec box nft add rule inet limpid_vm pre meta l4proto tcp counter ct state new accept")
	command(t, "ip netns exec box nft list ruleset")
}
