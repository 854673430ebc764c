package main

import (
	"context"
	"errors"
	"fmt"

	"limpid/appliance/control"
	"limpid/test/lab"
)

// crossing shows one request at every place where it can be seen: by the
// client, in the server's log, and on the wire on both sides of limpid. Then it
// makes another between hosts behind routers, where the MACs on the wire are
// the routers'.
func (d *demo) crossing(ctx context.Context) error {
	x, err := d.counted(ctx, isInline, 1, func() (*exchange, error) { return d.request(ctx, d.lab.C1, d.s1, "10.77.0.101", true) })
	if err != nil {
		return err
	}
	d.inline = x
	d.screen.say("The client got the server's own answer. The server's log:")
	d.screen.prompt("s1", "tail", "-n", "1", "access.log")
	d.screen.output(x.logged)
	d.screen.say("The wire, captured outside the box, right before and right behind it:")
	rows, err := x.sideBySide()
	if err != nil {
		return err
	}
	d.screen.table(rows)
	if err := x.checkEnds(); err != nil {
		return err
	}
	// Equal is not enough: limpid could show its own on both sides.
	if err := ownMACs(x, d.lab.C1, d.lab.S1); err != nil {
		return err
	}
	d.screen.holds("all %d frames here and %d there: the same MACs, addresses and ports, each the other end's own", len(x.lan), len(x.wan))
	// Nothing above would tell a proxy from a cable; this does.
	here, there, err := x.serverSequence()
	if err != nil {
		return err
	}
	if here == there {
		return fmt.Errorf("compare sequence numbers: the server's first one is %d on both sides: this was bridged, not proxied", here)
	}
	d.screen.holds("and yet a proxy carried it: the server began to count at %d, and the client was told %d (what else a capture at both ends could tell: docs/transparency.md)", there, here)
	y, err := d.counted(ctx, isInline, 1, func() (*exchange, error) { return d.request(ctx, d.lab.C4, d.s2, "10.80.0.2", false) })
	if err != nil {
		return err
	}
	if err := y.checkEnds(); err != nil {
		return err
	}
	d.screen.holds("the same from c4, behind a router, to s2, behind another")
	return nil
}

// counted makes a request once limpid is in the wanted mode, and checks how
// many connections it took off the bridge for that.
func (d *demo) counted(ctx context.Context, mode func(control.Status) bool, want uint64, request func() (*exchange, error)) (*exchange, error) {
	for range 5 {
		before, err := d.waitFor(ctx, "the mode for a request", mode)
		if err != nil {
			return nil, err
		}
		x, err := request()
		if err != nil {
			return nil, err
		}
		// A SYN is counted when it is captured, long before the answer was here.
		after, err := d.limpid.Status(ctx)
		if err != nil {
			return nil, err
		}
		if got := after.Flows.Captured - before.Flows.Captured; got == want {
			return x, nil
		} else if mode(after) && after.Since.Equal(before.Since) {
			return nil, fmt.Errorf("count captured connections: %d for this request, want %d", got, want)
		}
		d.screen.say("This machine is busy: limpid's own check was late, and for a moment it was a wire. Once more:")
	}
	return nil, errors.New("make a request: limpid does not stay in one mode for as long as that takes: is this machine busy with something else?")
}

// ownMACs: on one subnet, the two addresses on the wire are those of the two
// hosts' interfaces.
func ownMACs(x *exchange, client, server *lab.Node) error {
	c, err := client.Interface("eth0")
	if err != nil {
		return err
	}
	s, err := server.Interface("eth0")
	if err != nil {
		return err
	}
	for _, f := range append(append([]lab.Frame{}, x.lan...), x.wan...) {
		from, to := c.MAC, s.MAC
		if f.Toward == lab.ToClients {
			from, to = to, from
		}
		if f.SrcMAC != from || f.DstMAC != to {
			return fmt.Errorf("compare MACs with the hosts' own: want %s > %s: %s", from, to, f)
		}
	}
	return nil
}
