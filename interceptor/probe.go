package interceptor

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"limpid/interceptor/flows"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// Features is what this kernel can do: nil, or an *UnsupportedError.
type Features struct {
	Bridge   error // nft in the bridge family, with owned tables and sets filled by rules
	Redirect error // capture by redirect
	Broute   error // capture by broute
	TPROXY   error // without it nothing can be captured
	Queue    error // mirrored handshake
	Programs error // flows remembered by programs
}

// Choose turns a wish ("auto", or a method) into a method this kernel has.
func (f Features) Choose(capture, handshake string) (Capture, Handshake, error) {
	if err := errors.Join(f.Bridge, f.TPROXY); err != nil {
		return "", "", firstOf(f.Bridge, f.TPROXY)
	}
	c := Capture(capture)
	if capture == "auto" {
		if c = Broute; f.Broute != nil {
			c = Redirect
		}
	}
	if c == Broute && f.Broute != nil {
		return "", "", fmt.Errorf("intercept.capture is %q: %w; \"auto\" would take %s", capture, f.Broute, Redirect)
	}
	if c == Redirect && f.Redirect != nil {
		return "", "", fmt.Errorf("intercept.capture is %q: %w", capture, f.Redirect)
	}
	h := Handshake(handshake)
	if handshake == "auto" {
		if h = Mirror; f.Queue != nil {
			h = Accept
		}
	}
	if h == Mirror && f.Queue != nil {
		return "", "", fmt.Errorf("intercept.handshake is %q: %w; \"auto\" would take %s", handshake, f.Queue, Accept)
	}
	return c, h, nil
}

// ChooseMemory turns a wish ("auto", or a memory) into a memory this kernel has.
func (f Features) ChooseMemory(wish string) (Memory, error) {
	m := Memory(wish)
	if wish == "auto" {
		if m = Programs; f.Programs != nil {
			m = Sets
		}
	}
	if m == Programs && f.Programs != nil {
		return "", fmt.Errorf("--flow-memory is %s: %w; \"auto\" would take %s", wish, f.Programs, Sets)
	}
	if m != Programs && m != Sets {
		return "", fmt.Errorf("--flow-memory is %q: want auto, %s or %s", wish, Programs, Sets)
	}
	return m, nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// probeTable must not be a name anybody else uses.
const probeTable = "limpid_probe"

// Probe asks the kernel by installing single rules that nothing jumps to, in
// tables that vanish at once. The error is one of asking, not of a feature.
func Probe(ctx context.Context) (Features, error) {
	var f Features
	mac := []byte{2, 0, 0, 0, 0, 0}
	probes := []struct {
		result  *error
		lacks   UnsupportedError
		family  nftables.TableFamily
		hook    *nftables.ChainHook
		expr    []expr.Any
		dynamic bool
	}{
		{result: &f.Bridge, lacks: UnsupportedError{"filter frames on a bridge", "5.12", "CONFIG_NF_TABLES_BRIDGE", nil},
			family: nftables.TableFamilyBridge, hook: nftables.ChainHookPrerouting, expr: accept().exprs, dynamic: true},
		{result: &f.Redirect, lacks: UnsupportedError{"capture by redirect", "5.12", "CONFIG_NF_TABLES_BRIDGE", nil},
			family: nftables.TableFamilyBridge, hook: nftables.ChainHookPrerouting, expr: append(setEtherDst(mac, "").exprs, pkttypeHost().exprs...)},
		{result: &f.Broute, lacks: UnsupportedError{"capture by broute", "6.4", "CONFIG_NFT_BRIDGE_META", nil},
			family: nftables.TableFamilyBridge, hook: nftables.ChainHookPrerouting, expr: broute().exprs},
		{result: &f.Queue, lacks: UnsupportedError{"mirror handshakes", "3.14", "CONFIG_NFT_QUEUE and CONFIG_NETFILTER_NETLINK_QUEUE", nil},
			family: nftables.TableFamilyBridge, hook: nftables.ChainHookPrerouting, expr: askQueue(0).exprs},
		{result: &f.TPROXY, lacks: UnsupportedError{"meet captured packets with TPROXY", "4.19", "CONFIG_NFT_TPROXY", nil},
			family: nftables.TableFamilyINet, hook: nftables.ChainHookPrerouting, expr: append(append(family4or6(ipv4()).exprs, tcp().exprs...),
				tproxyTo(ipv4(), []byte{127, 0, 0, 1}, "", 1).exprs...)},
	}
	for i := range probes {
		p := &probes[i]
		if err := ctx.Err(); err != nil {
			return f, fmt.Errorf("probe kernel: %w", err)
		}
		err := probe(p.family, p.hook, p.expr, p.dynamic)
		switch {
		case err == nil:
		case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
			return f, fmt.Errorf("probe kernel: %w: needs CAP_NET_ADMIN, run as root", err)
		default:
			p.lacks.Err = err
			*p.result = &p.lacks
		}
	}
	if err := flows.Probe(); err != nil {
		f.Programs = &UnsupportedError{"remember flows by programs", "6.6", "CONFIG_BPF_SYSCALL", err}
	}
	return f, nil
}

// probe installs one rule. Its socket, and the table it owns, are gone on return.
func probe(family nftables.TableFamily, hook *nftables.ChainHook, exprs []expr.Any, dynamic bool) (err error) {
	conn, err := nftables.New(nftables.AsLasting())
	if err != nil {
		return fmt.Errorf("open netfilter socket: %w", err)
	}
	defer func() { err = errors.Join(err, conn.CloseLasting()) }()
	table := conn.AddTable(&nftables.Table{Name: probeTable, Family: family, Flags: nftables.TableFlagOwner})
	// The rule stands in a chain nothing jumps to, but expressions that only
	// work in a hook are checked against the base chain that jumps there: so
	// it is reached from one, behind a match that never holds.
	rules := conn.AddChain(&nftables.Chain{Name: "rule", Table: table})
	base := conn.AddChain(&nftables.Chain{Name: "base", Table: table, Type: nftables.ChainTypeFilter, Hooknum: hook,
		Priority: nftables.ChainPriorityRef(priorityDivert)})
	conn.AddRule(&nftables.Rule{Table: table, Chain: rules, Exprs: exprs})
	conn.AddRule(&nftables.Rule{Table: table, Chain: base, Exprs: append(markIs(^Mark(0)).exprs, jump("rule").exprs...)})
	if dynamic {
		s, err := set{name: "s", keys: []nftables.SetDatatype{nftables.TypeIPAddr, nftables.TypeInetService}, dynamic: true, timeout: 1e9, size: 1}.nft(table)
		if err != nil {
			return err
		}
		if err := conn.AddSet(s, nil); err != nil {
			return fmt.Errorf("add set: %w", err)
		}
	}
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("ask nf_tables: %w", err)
	}
	return nil
}
