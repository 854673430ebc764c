package main

import (
	"context"
	"fmt"
	"runtime"
)

func versionCommand() command {
	return command{name: "version", summary: "Print the version", run: func(_ context.Context, t terminal, args []string) error {
		if _, err := parse(newFlags("version"), args); err != nil {
			return err
		}
		fmt.Fprintf(t.out, "limpid %s, %s\n", version, runtime.Version())
		return nil
	}}
}
