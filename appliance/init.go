package main

import (
	"context"
	"errors"
	"os"

	"limpid/appliance/boot"
	"limpid/appliance/child"
)

func initCommand() command {
	return command{name: "init", summary: "Process 1 of the box: boot, and keep everything running", run: initBox, hidden: true}
}

// initBox does not return where it may run at all.
func initBox(_ context.Context, _ terminal, args []string) error {
	if _, err := parse(newFlags("init"), args); err != nil {
		return err
	}
	if os.Getpid() != 1 {
		return errors.New("only the kernel starts this, as process 1 of a box: on a host use limpid supervise")
	}
	boot.Run(boot.Options{Version: version, Program: "/proc/self/exe", LogUser: child.ProxyUser().UID})
	return nil
}
