package interceptor

import (
	"errors"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/nftables"
	"golang.org/x/sys/unix"
)

// traces is all that limpid may leave outside nft, as text.
func traces(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, command := range []string{
		"ip rule", "ip -6 rule", "ip route show table all", "ip -6 route show table all",
		"ip neigh show dev br0 nud permanent", "ip -6 neigh show dev br0 nud permanent", "bridge fdb show", "nft list tables",
		"sysctl net.ipv4.tcp_fwmark_accept net.ipv4.fwmark_reflect net.ipv6.fwmark_reflect net.ipv4.tcp_tw_reuse",
	} {
		words := strings.Fields(command)
		b.WriteString("# " + command + "\n" + output(t, words[0], words[1:]...))
	}
	return b.String()
}

func TestWithdrawLeavesNothing(t *testing.T) {
	s := box(t)
	before := traces(t)
	i := opened(t)
	must(t, i.Apply(t.Context(), s))
	if traces(t) == before {
		t.Fatal("applying left no trace: this test sees nothing")
	}
	must(t, i.Withdraw())
	if diff := cmp.Diff(before, traces(t)); diff != "" {
		t.Errorf("after withdrawing (-before +after):\n%s", diff)
	}
	must(t, i.Withdraw()) // again is no error
	must(t, i.Apply(t.Context(), s))
}

func TestEveryPlannedRuleIsInstalled(t *testing.T) {
	changes := map[string]func(*Spec){
		"both families":  func(*Spec) {},
		"IPv4 only":      func(s *Spec) { s.IPv6 = false },
		"three ports":    func(s *Spec) { s.Ports = []uint16{80, 8000, 8888} },
		"bypassed pairs": func(s *Spec) { s.Bypass = pairs("10.0.0.0/8", "192.0.2.0/24", "::/0", "2001:db8::1/128") },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			s := box(t)
			i := opened(t)
			change(&s)
			must(t, i.Apply(t.Context(), s))
			planned, err := plan(s)
			must(t, err)
			for table, chains := range map[*nftables.Table][]chain{bridgeTable(): planned.bridge, inetTable(): planned.inet} {
				for _, c := range chains {
					rules, err := i.reader.GetRules(table, &nftables.Chain{Name: c.name, Table: table})
					must(t, err)
					if len(rules) != len(c.rules) {
						t.Errorf("chain %s: %d rules, planned %d", c.name, len(rules), len(c.rules))
					}
				}
			}
		})
	}
}

func pairs(prefixes ...string) []Pair {
	var out []Pair
	for i := 0; i < len(prefixes); i += 2 {
		out = append(out, Pair{netip.MustParsePrefix(prefixes[i]), netip.MustParsePrefix(prefixes[i+1])})
	}
	return out
}

func TestBypassedPairsMayOverlap(t *testing.T) {
	s := box(t)
	s.Bypass = pairs("10.1.0.0/16", "192.0.2.7/32", "0.0.0.0/0", "192.0.2.0/25", "10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::/0")
	i := opened(t)
	must(t, i.Apply(t.Context(), s))
	got := output(t, "nft", "list", "chain", "bridge", "limpid", "syn4")
	for _, want := range []string{"0xa010000 @nh,128,32 0xc0000207 return", "@nh,128,32 & 0xffffff80 == 0xc0000200 return"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	if n := strings.Count(got, "return"); n != 3 {
		t.Errorf("%d rules return, want 3 pairs: %s", n, got)
	}
}

func TestTablesVanishWithTheirHolder(t *testing.T) {
	s := box(t)
	i := opened(t)
	must(t, i.Apply(t.Context(), s))
	if out, err := exec.CommandContext(t.Context(), "nft", "delete", "table", "bridge", "limpid").CombinedOutput(); err == nil {
		t.Fatalf("another process could delete the table: %s", out)
	}
	second := opened(t)
	if err := second.Apply(t.Context(), s); err == nil || !strings.Contains(err.Error(), "another limpid") {
		t.Errorf("a second limpid in the same namespace: %v", err)
	}
	killed(t, i)
	if got := output(t, "nft", "list", "tables"); strings.Contains(got, "limpid") {
		t.Errorf("tables outlive their holder: %s", got)
	}
}

// killed does what the kernel does for a process that was killed.
func killed(t *testing.T, i *Interceptor) {
	t.Helper()
	must(t, i.conn.CloseLasting())
	must(t, i.memory.Close())
	must(t, i.keeper.close())
}

func TestTablesStayWithAnHeir(t *testing.T) {
	s := box(t)
	i := opened(t)
	must(t, i.Apply(t.Context(), s))
	heir, err := unix.Dup(i.OwnerFD())
	must(t, err)
	killed(t, i)
	if got := output(t, "nft", "list", "tables"); !strings.Contains(got, "limpid") {
		t.Error("tables are gone although their socket was inherited")
	}
	must(t, unix.Close(heir))
	if got := output(t, "nft", "list", "tables"); strings.Contains(got, "limpid") {
		t.Errorf("tables outlive their last holder: %s", got)
	}
}

func TestArmedExpiresByItself(t *testing.T) {
	s := box(t)
	s.ArmedTimeout = 2 * time.Second
	i := opened(t)
	if err := i.Arm(); !errors.Is(err, errNotApplied) {
		t.Fatalf("armed without rules: %v", err)
	}
	must(t, i.Apply(t.Context(), s))
	armed := func() bool {
		return strings.Contains(output(t, "nft", "list", "set", "bridge", "limpid", "armed"), "expires") // nft 1.0.6 prints the name as ""
	}
	if armed() {
		t.Fatal("armed before anybody armed it")
	}
	for range 12 { // kept alive past its timeout
		must(t, i.Arm())
		time.Sleep(200 * time.Millisecond)
		if !armed() {
			t.Fatal("disarmed although refreshed")
		}
	}
	for range 100 {
		if !armed() {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if armed() {
		t.Fatal("still armed seconds after the last refresh")
	}
	must(t, i.Arm())
	must(t, i.Disarm())
	if armed() {
		t.Fatal("armed after Disarm")
	}
}

func TestChangedRulesKeepFlows(t *testing.T) {
	s := box(t)
	i := opened(t)
	must(t, i.Apply(t.Context(), s))
	addFlow := func() {
		keyType, err := nftables.ConcatSetType(nftables.TypeIPAddr, nftables.TypeInetService, nftables.TypeIPAddr, nftables.TypeInetService)
		must(t, err)
		down := &nftables.Set{Table: bridgeTable(), Name: setDown + "4", KeyType: keyType, HasTimeout: true, Dynamic: true, IsMap: true}
		down.DataType, err = nftables.ConcatSetType(nftables.TypeEtherAddr, nftables.TypeEtherAddr)
		must(t, err)
		must(t, i.conn.SetAddElements(down, []nftables.SetElement{{Key: []byte{10, 0, 0, 1, 1, 2, 0, 0, 10, 0, 0, 2, 0, 80, 0, 0}, Val: make([]byte, 16)}}))
		must(t, i.conn.Flush())
	}
	flows := func() int {
		return strings.Count(output(t, "nft", "list", "map", "bridge", "limpid", "down4"), "10.0.0.1 . 258 . 10.0.0.2 . 80")
	}
	addFlow()
	s.Ports, s.Bypass = []uint16{80, 81}, pairs("10.9.0.0/16", "0.0.0.0/0")
	must(t, i.Apply(t.Context(), s))
	if flows() != 1 {
		t.Error("a live flow was forgotten when ports and pairs changed")
	}
	s.Slots *= 2
	must(t, i.Apply(t.Context(), s))
	if flows() != 0 {
		t.Error("the flow set was resized and still holds the old flow: is the size really new?")
	}
	if got := output(t, "nft", "list", "map", "bridge", "limpid", "down4"); !strings.Contains(got, "size 2000") {
		t.Errorf("size after the change: %s", got)
	}
}

func TestApplyNamesTheMissingInterface(t *testing.T) {
	s := box(t)
	s.WAN = "eth7"
	err := opened(t).Apply(t.Context(), s)
	if err == nil || !strings.Contains(err.Error(), "eth7") {
		t.Fatalf("got %v", err)
	}
	if got := output(t, "nft", "list", "tables"); strings.Contains(got, "limpid") {
		t.Errorf("rules were installed all the same: %s", got)
	}
}

// The kernel says of each flow set how often it collects, also after the rules have changed
// and the sets stayed.
func TestFlowSetsAreCollectedOften(t *testing.T) {
	s := box(t)
	i := opened(t)
	for _, ports := range [][]uint16{{80}, {80, 8000}} {
		s.Ports = ports
		must(t, i.Apply(t.Context(), s))
		planned, err := plan(s)
		must(t, err)
		for _, set := range planned.sets {
			word := "set"
			if set.macs {
				word = "map"
			}
			said := strings.Contains(output(t, "nft", "list", word, "bridge", "limpid", set.name), "gc-interval 250ms")
			if said != set.dynamic {
				t.Errorf("ports %v, %s: an interval of 250 ms is said: %t", ports, set.name, said)
			}
		}
	}
}
