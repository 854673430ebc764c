package main

import (
	"context"
	"time"

	"limpid/appliance/control"
)

func bypassCommand() command {
	return command{name: "bypass", usage: "on [--for D] | off  [--run DIR]", summary: "Bridge new connections, or capture them again",
		help: `
  --for D    end by itself after that time, like 90s, 10m or 2h
  --run DIR  run directory of the supervisor (` + defaultRunDir + `)

Connections in progress finish either way. The order lasts over restarts of gate and proxy.`,
		run: bypass}
}

func bypass(ctx context.Context, t terminal, args []string) error {
	set := newFlags("bypass")
	d, dir := set.Duration("for", 0, ""), runFlag(set)
	rest, err := parse(set, args, "on or off")
	if err != nil {
		return err
	}
	on := rest[0] == "on"
	switch {
	case !on && rest[0] != "off":
		return badUsage("%q: want on or off", rest[0])
	case *d < 0:
		return badUsage("--for %v: want a time above 0", *d)
	case !on && *d != 0:
		return badUsage("--for goes with bypass on only")
	}
	client := control.NewClient(*dir)
	defer client.Close()
	s, err := client.SetBypass(ctx, on, *d)
	if err != nil {
		return err
	}
	printStatus(t.out, s, control.Neighbours{}, time.Now())
	return nil
}
