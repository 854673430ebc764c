package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"limpid/appliance/control"
	"limpid/test/lab"
)

// limpidConfig is what a user would write, and two keys that keep the demo's
// hands off the machine it runs on.
const limpidConfig = `[bridge]
ports = ["eth0", "eth1"]  # towards the clients, towards the servers
[management]
address = "none"          # the bridge needs no IP address
[watchdog]
hardware = ""             # this machine's own watchdog is not the demo's
[log]
keep = "0"                # nothing on this machine's disk
`

// startLimpid puts limpid into the wire and waits until it is inline.
func (d *demo) startLimpid(ctx context.Context) error {
	if os.Getenv(lab.EnvBinary) == "" {
		d.screen.say("Building limpid from ./appliance; set %s to run another.", lab.EnvBinary)
	}
	d.screen.prompt("box", "cat", "limpid.toml")
	d.screen.output(limpidConfig)
	d.screen.prompt("box", "limpid", "supervise", "-c", "limpid.toml")
	p, err := d.lab.StartLimpid(ctx, limpidConfig)
	if err != nil {
		return err
	}
	// From the start of the process; what came before was the compiler.
	began := time.Now()
	d.program = &supervised{p, control.NewClient(p.RunDir)}
	d.limpid = d.program
	if _, err := d.waitFor(ctx, "limpid to be inline", isInline); err != nil {
		return err
	}
	d.screen.holds("inline after %d ms", time.Since(began).Milliseconds())
	if err := d.command(ctx, "status"); err != nil {
		return err
	}
	return d.noAddress(ctx)
}

// noAddress shows that the bridge has no IP address of its own, in any family:
// a proxy that cannot be addressed at all.
func (d *demo) noAddress(ctx context.Context) error {
	out, err := d.client(ctx, d.lab.Box, "ip", "-brief", "address")
	if err != nil {
		return err
	}
	// Name and state come first, then the addresses, if any.
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[0] != "lo" {
			return fmt.Errorf("check the box's addresses: %s has %s, want none", fields[0], fields[2])
		}
	}
	d.screen.holds("the box has no IP address in this network")
	return nil
}

// command runs a subcommand of limpid as its user would.
func (d *demo) command(ctx context.Context, args ...string) error {
	d.screen.prompt("box", append([]string{"limpid"}, args...)...)
	out, err := d.limpid.Run(ctx, args...)
	d.screen.output(string(out))
	return err
}

// isInline is what waitFor is mostly asked for.
func isInline(s control.Status) bool { return s.Mode == control.Inline }

// waitFor asks for the status until ok likes it, and returns that. Questions
// that fail are asked again, since at the start nobody is there yet.
func (d *demo) waitFor(ctx context.Context, what string, ok func(control.Status) bool) (control.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		s, err := d.limpid.Status(ctx)
		if err == nil && ok(s) {
			return s, nil
		}
		select {
		case <-d.limpid.Done():
			return s, fmt.Errorf("wait for %s: limpid ended: %w", what, ended(d.limpid))
		case <-ctx.Done():
			if err != nil {
				return s, fmt.Errorf("wait for %s: %w", what, err)
			}
			return s, fmt.Errorf("wait for %s: %w: it is %s: %s", what, context.Cause(ctx), s.Mode, s.Reason)
		case <-time.After(d.pace().poll):
		}
	}
}

// ended says how a supervisor that should still run has ended.
func ended(p subject) error {
	if err := p.Exit(); err != nil {
		return err
	}
	return fmt.Errorf("exit status 0")
}
