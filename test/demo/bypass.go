package main

import (
	"context"
	"fmt"
	"strings"

	"limpid/appliance/control"
)

// bypass shows the same request while new connections are bridged: that both
// ends see what they saw inline is the promise, that limpid counted no captured
// connection and the sequence numbers are one end's is the proof that it is
// another way that it went.
func (d *demo) bypass(ctx context.Context) error {
	if err := d.switchBypass(ctx, "on"); err != nil {
		return err
	}
	isBypass := func(s control.Status) bool { return s.Mode == control.Bypass }
	x, err := d.counted(ctx, isBypass, 0, func() (*exchange, error) { return d.request(ctx, d.lab.C1, d.s1, "10.77.0.101", true) })
	if err != nil {
		return err
	}
	if err := x.checkEnds(); err != nil {
		return err
	}
	here, there, err := x.serverSequence()
	if err != nil {
		return err
	}
	// Two connections would have two, as they had inline.
	if here != there {
		return fmt.Errorf("compare sequence numbers: the server's first one is %d, the client was told %d: this was not bridged", there, here)
	}
	d.screen.holds("bridged by the kernel: one connection from end to end, sequence number %d on both sides", here)
	if err := x.sameAs(d.inline); err != nil {
		return err
	}
	d.screen.holds("on both sides the same MACs, addresses and server port as when it was inline")
	if err := d.switchBypass(ctx, "off"); err != nil {
		return err
	}
	// A health check has to pass first.
	if _, err := d.waitFor(ctx, "limpid to be inline again", isInline); err != nil {
		return err
	}
	d.screen.holds("inline again")
	return nil
}

// switchBypass runs limpid bypass and shows the first line of its answer: the
// rest was on the screen a moment ago.
func (d *demo) switchBypass(ctx context.Context, way string) error {
	d.screen.prompt("box", "limpid", "bypass", way)
	out, err := d.limpid.Run(ctx, "bypass", way)
	// With an error there may be no output; it then says why.
	first, _, _ := strings.Cut(string(out), "\n")
	d.screen.output(first)
	return err
}
