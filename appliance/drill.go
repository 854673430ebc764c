package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"limpid/appliance/control"
)

// drillLook is how often a drill that runs is asked about.
const drillLook = 100 * time.Millisecond

func drillCommand() command {
	return command{name: "drill", usage: "[--blow kill|hang] [--last] [--json] [--run DIR]", summary: "Break the proxy on purpose, and measure the gap",
		help: `
  --blow B   kill: the proxy is killed, as if it had crashed (what happens if nothing is said)
             hang: it is stopped, until the watchdog ends it
  --last     strike nobody, and show the last drill
  --json     as the control API gives it
  --run DIR  run directory of the supervisor (` + defaultRunDir + `)

The connections that the proxy carries end. New ones go on: first over the bridge or as tunnels of the gate, and
through the new proxy as soon as a health check has passed. Fails unless that was so in the end.`,
		run: drill}
}

func drill(ctx context.Context, t terminal, args []string) error {
	set := newFlags("drill")
	blow, last, asJSON, dir := set.String("blow", string(control.KillProxy), ""), set.Bool("last", false, ""), set.Bool("json", false, ""), runFlag(set)
	if _, err := parse(set, args); err != nil {
		return err
	}
	if b := control.Blow(*blow); b != control.KillProxy && b != control.HangProxy {
		return badUsage("--blow %q: want %s or %s", *blow, control.KillProxy, control.HangProxy)
	}
	client := control.NewClient(*dir)
	defer client.Close()
	var all control.Drills
	var err error
	if *last {
		all, err = client.Drills(ctx)
	} else {
		all, err = client.BeginDrill(ctx, control.DrillRequest{Blow: control.Blow(*blow), Who: "limpid drill"})
	}
	if err != nil {
		return err
	}
	if len(all.Drills) == 0 {
		return errors.New("no drill since limpid was started")
	}
	d, err := awaitDrill(ctx, client, all.Drills[0])
	if err != nil {
		return err
	}
	if *asJSON {
		err = printJSON(t.out, d)
	} else {
		printDrill(t.out, d)
	}
	if err == nil && d.Problem != "" {
		err = fmt.Errorf("drill %d: %s", d.Number, d.Problem)
	}
	return err
}

// awaitDrill asks until a drill has ended.
func awaitDrill(ctx context.Context, client *control.Client, d control.Drill) (control.Drill, error) {
	for d.Running {
		select {
		case <-ctx.Done():
			return d, ctx.Err()
		case <-time.After(drillLook):
		}
		all, err := client.Drills(ctx)
		if err != nil {
			return d, err
		}
		found := false
		for i := range all.Drills {
			if all.Drills[i].Number == d.Number && all.Drills[i].Struck.Equal(d.Struck) {
				d, found = all.Drills[i], true
				break
			}
		}
		if !found {
			return d, fmt.Errorf("drill %d: limpid was started anew meanwhile and knows nothing of it", d.Number)
		}
	}
	return d, nil
}

func printDrill(w io.Writer, d control.Drill) {
	what := "killed"
	if d.Blow == control.HangProxy {
		what = "stopped"
	}
	fmt.Fprintf(w, "proxy %s at %s\n", what, d.Struck.Local().Format("2006-01-02 15:04:05.000"))
	line := func(name string, ms *int64, format string, a ...any) {
		at := "never"
		if ms != nil {
			at = fmt.Sprintf("%d ms", *ms)
		}
		fmt.Fprintf(w, "  %-10s %8s  %s\n", name, at, fmt.Sprintf(format, a...))
	}
	line("noticed", d.NoticedMS, "after the blow: %s", d.Reason)
	line("bypass", d.BypassMS, "after the blow: new connections are bridged")
	line("inline", d.InlineMS, "after the blow: new connections are captured again")
	line("gap", d.GapMS, "at most, in which new connections were neither served nor bridged")
	fmt.Fprintf(w, "  %-10s %8d  connections, which the proxy carried\n", "cut", d.Cut)
	fmt.Fprintf(w, "  %-10s %8d  new connections meanwhile, %d of them carried by the gate\n", "captured", d.Captured, d.Carried)
	fmt.Fprintf(w, "  %-10s %8d  new connections meanwhile\n", "bridged", d.Bridged)
}
