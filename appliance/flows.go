package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"limpid/appliance/control"
)

func flowsCommand() command {
	return command{name: "flows", usage: "[--json] [--limit N] [--run DIR]", summary: "List the connections being carried",
		help: `
  --json     as the control API gives it
  --limit N  the oldest N (1000)
  --run DIR  run directory of the supervisor (` + defaultRunDir + `)`,
		run: flows}
}

func flows(ctx context.Context, t terminal, args []string) error {
	set := newFlags("flows")
	asJSON, limit, dir := set.Bool("json", false, ""), set.Int("limit", 1000, ""), runFlag(set)
	if _, err := parse(set, args); err != nil {
		return err
	}
	if *limit < 1 {
		return badUsage("--limit %d: want a number from 1", *limit)
	}
	client := control.NewClient(*dir)
	defer client.Close()
	list, err := client.Flows(ctx, *limit)
	if err != nil {
		return err
	}
	for _, p := range list.Problems {
		fmt.Fprintf(t.err, "limpid flows: %s\n", p)
	}
	if *asJSON {
		return printJSON(t.out, list)
	}
	table := tabwriter.NewWriter(t.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "CLIENT\tSERVER\tVLAN\tAGE\tUP\tDOWN\tREQUESTS\tHOLDER\tWHAT")
	for _, f := range list.Flows {
		what := f.Verdict
		if f.Reason != "" {
			what += " (" + f.Reason + ")"
		}
		fmt.Fprintf(table, "%v\t%v\t%d\t%s\t%d\t%d\t%d\t%s\t%s\n",
			f.Client, f.Server, f.VLAN, ago(time.Since(f.Started)), f.Up, f.Down, f.Requests, f.Holder, what)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print flows: %w", err)
	}
	if more := list.Total - len(list.Flows); more > 0 {
		fmt.Fprintf(t.out, "and %d more\n", more)
	}
	return nil
}
