package main

import (
	"context"
	"fmt"

	"limpid/appliance/control"
)

func rulesCommand() command {
	return command{name: "rules", usage: "[--run DIR]", summary: "Print the rules in the kernel, beside the classic commands",
		help: `
  --run DIR  run directory of the supervisor (` + defaultRunDir + `)

Each rule stands with what it is for and, where there is one, with the ebtables, iptables or ip command it
stands for, so that whoever knows the old scripts can check them.`,
		run: func(ctx context.Context, t terminal, args []string) error {
			set := newFlags("rules")
			dir := runFlag(set)
			if _, err := parse(set, args); err != nil {
				return err
			}
			client := control.NewClient(*dir)
			defer client.Close()
			list, err := client.Rules(ctx)
			if err != nil {
				return err
			}
			fmt.Fprint(t.out, list.Text)
			return nil
		}}
}
