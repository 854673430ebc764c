package main

import (
	"context"

	"limpid/appliance/config"
	"limpid/appliance/supervise"
	"limpid/bridge"
)

func bridgeCommand() command {
	return command{name: "bridge", usage: "down [-c FILE]", summary: "Remove the bridge and give the NICs back",
		help: `
  -c FILE  the configuration that names bridge and ports (` + defaultConfig + `)

For when supervise has ended: it leaves the bridge in place, forwarding.`,
		run: bridgeDown}
}

func bridgeDown(ctx context.Context, t terminal, args []string) error {
	set := newFlags("bridge")
	path := configFlag(set)
	rest, err := parse(set, args, "down")
	if err != nil {
		return err
	}
	if rest[0] != "down" {
		return badUsage("%q: want down", rest[0])
	}
	c, err := config.Load(*path)
	if err != nil {
		return err
	}
	b, err := bridge.New(supervise.BridgeSpec(c), newLog(t.err, nil))
	if err != nil {
		return err
	}
	return b.Down(ctx)
}
