package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"limpid/interceptor"
	"limpid/test/lab"
)

// forgetful is limpid behind rules as its peers have: nobody remembers a flow. What it
// costs less than limpid as it is, is what remembering costs. It is no wire:
// connections open before are cut, and the MACs are the box's.
type forgetful struct {
	inline
	box *lab.Node
}

// enterStateless puts limpid in, and those rules before its own, which then find
// nothing to do.
func enterStateless(ctx context.Context, l *lab.Lab, threads int) (inline, error) {
	in, err := enterLimpid("accept", "1s")(ctx, l, threads)
	if err != nil {
		return nil, err
	}
	mac, err := bridgeMAC(ctx, l)
	if err != nil {
		return nil, err
	}
	rules, err := render("stateless.nft", map[string]any{
		"MAC": mac, "FromClient": uint32(interceptor.MarkFromClient), "FromServer": uint32(interceptor.MarkFromServer),
		"ToClient": uint32(interceptor.MarkToClient), "ToServer": uint32(interceptor.MarkToServer),
	})
	if err != nil {
		return nil, err
	}
	if err := feed(ctx, l.Box, statelessRoutes(), "ip", "-batch", "-"); err != nil {
		return nil, fmt.Errorf("make the box a host of the subnet: %w", err)
	}
	if err := feed(ctx, l.Box, rules, "nft", "-f", "-"); err != nil {
		return nil, fmt.Errorf("load the rules without a memory: %w", err)
	}
	return forgetful{in, l.Box}, nil
}

// leave refuses figures of a limpid whose own rules have captured anything.
func (f forgetful) leave() error {
	const counter = "captured"
	out, err := f.box.Command(context.Background(), "nft", "--json", "list", "counter", "bridge", "limpid", counter).Output()
	if err != nil {
		return errors.Join(fmt.Errorf("ask for limpid's counter: %w", err), f.inline.leave())
	}
	var answer struct {
		Nftables []struct {
			Counter *struct {
				Name    string
				Packets int64
			}
		}
	}
	err = json.Unmarshal(out, &answer)
	told := false
	for _, o := range answer.Nftables {
		if c := o.Counter; c != nil && c.Name == counter {
			told = true
			if c.Packets > 0 {
				err = fmt.Errorf("%d SYNs were captured by limpid's own rules, want none", c.Packets)
			}
		}
	}
	if !told {
		err = errors.Join(err, fmt.Errorf("ask for limpid's counter: none in %s", out))
	}
	return errors.Join(err, f.inline.leave())
}

// statelessRoutes is a batch for ip(8): packets of limpid's sockets find their way as
// the peers' do, before its own rules at 772.
func statelessRoutes() string {
	batch := []string{"address add " + peerAddress + " dev " + peerBridge}
	batch = append(batch, hostRoutes()...)
	for _, mark := range []interceptor.Mark{interceptor.MarkToClient, interceptor.MarkToServer} {
		batch = append(batch, fmt.Sprintf("rule add priority 700 fwmark %#x lookup main", uint32(mark)))
	}
	return strings.Join(batch, "\n") + "\n"
}

// bridgeMAC is that of the bridge that limpid has built.
func bridgeMAC(ctx context.Context, l *lab.Lab) (string, error) {
	out, err := l.Box.Command(ctx, "ip", "-json", "link", "show", "dev", peerBridge).Output()
	if err != nil {
		return "", fmt.Errorf("ask for limpid's bridge: %w", err)
	}
	var links []struct{ Address string }
	if err := json.Unmarshal(out, &links); err != nil || len(links) != 1 {
		return "", fmt.Errorf("ask for limpid's bridge: %d links, %w", len(links), err)
	}
	return links[0].Address, nil
}
