package main

import (
	"context"
	"fmt"

	"limpid/appliance/control"
)

func resetCommand() command {
	return command{name: "reset", usage: "--yes [--run DIR]", summary: "Take everything back to how limpid was first started",
		help: `
  --yes      do it; without it nothing happens
  --run DIR  run directory of the supervisor (` + defaultRunDir + `)

Goes: settings with their history and a change that waits, both passwords of the page, tokens, sessions, the certificate
(browsers warn again: compare the new fingerprint), traffic history, drills, captures, the access log and its files, an
ordered bypass. Stays: firmware, the keys updates are signed with, and the ports of the wire; where limpid is a guest the
bridge's name too, and the rest of its file becomes the smallest there can be.

New connections are bridged for some seconds meanwhile, connections being carried end. Asked for, it is done also if the
power goes. Afterwards whoever opens the page first sets its password, and the box asks for an address by DHCP.`,
		run: resetBox}
}

func resetBox(ctx context.Context, t terminal, args []string) error {
	set := newFlags("reset")
	yes, dir := set.Bool("yes", false, ""), runFlag(set)
	if _, err := parse(set, args); err != nil {
		return err
	}
	if !*yes {
		return badUsage("settings, passwords, tokens, history and logs would go: nothing has happened, say --yes")
	}
	client := control.NewClient(*dir)
	defer client.Close()
	if err := client.Reset(ctx, control.ResetRequest{Confirm: control.ResetConfirm, Who: "limpid reset"}); err != nil {
		return err
	}
	fmt.Fprintln(t.out, "factory reset: limpid starts anew; set the page's password soon, before somebody else does")
	return nil
}
