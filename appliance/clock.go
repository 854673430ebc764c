package main

import (
	"context"
	"fmt"
	"time"

	"limpid/appliance/control"
)

func clockCommand() command {
	return command{name: "clock", usage: "TIME [--run DIR]", summary: "Set the clock of a flashed box",
		help: `
  TIME       like "2026-01-31 03:00", or 2026-01-31T03:00:00Z
  --run DIR  run directory of the supervisor (` + defaultRunDir + `)

Refused where limpid is a guest on a host, while time servers keep the time, and for a time before the firmware was
built. Nothing that waits is hurried or delayed by it.`,
		run: setClock}
}

func setClock(ctx context.Context, t terminal, args []string) error {
	set := newFlags("clock")
	dir := runFlag(set)
	rest, err := parse(set, args, "TIME")
	if err != nil {
		return err
	}
	at, err := timeOfDay(rest[0], time.Local)
	if err != nil {
		return err
	}
	client := control.NewClient(*dir)
	defer client.Close()
	now, err := client.SetClock(ctx, at)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "it is %s\n", now.Time.Local().Format(time.DateTime+" MST"))
	return nil
}

// timeOfDay reads a day and a time, in a zone unless it says which.
func timeOfDay(text string, zone *time.Location) (time.Time, error) {
	for _, form := range []string{"2006-01-02 15:04", time.DateTime, time.RFC3339} {
		if at, err := time.ParseInLocation(form, text, zone); err == nil {
			return at, nil
		}
	}
	return time.Time{}, badUsage("%q: want a time like \"2026-01-31 03:00\" or 2026-01-31T03:00:00Z", text)
}
