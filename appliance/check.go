package main

import (
	"context"

	"limpid/appliance/config"
)

func checkCommand() command {
	return command{name: "check", usage: "FILE", summary: "Look for mistakes in a configuration",
		help: "Names file, line, key and mend of each mistake. Touches nothing.",
		run: func(_ context.Context, t terminal, args []string) error {
			rest, err := parse(newFlags("check"), args, "FILE")
			if err != nil {
				return err
			}
			return config.Check(t.out, rest[0])
		}}
}
