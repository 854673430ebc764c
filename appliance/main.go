package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"limpid/appliance/child"
)

// version is set by the linker (-X main.version=...).
var version = "unknown"

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// command is one subcommand.
type command struct {
	name    string
	usage   string // its arguments
	summary string // one line for the list
	help    string // more, for -h
	run     func(ctx context.Context, t terminal, args []string) error
	hidden  bool // not for people
}

// terminal is what a command writes to.
type terminal struct{ out, err io.Writer }

// commands is the dispatch table.
func commands() []command {
	return []command{
		superviseCommand(),
		statusCommand(),
		neighboursCommand(),
		bypassCommand(),
		drillCommand(),
		flowsCommand(),
		logCommand(),
		captureCommand(),
		rulesCommand(),
		doctorCommand(),
		metricsCommand(),
		clockCommand(),
		updateCommand(),
		bundleCommand(),
		resetCommand(),
		checkCommand(),
		bridgeCommand(),
		versionCommand(),
		initCommand(),
		consoleCommand(),
		gateCommand(),
		proxyCommand(),
		webCommand(),
		packetsCommand(),
		ladderCommand(),
	}
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func badUsage(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

func main() {
	args := os.Args[1:]
	if isInit(os.Getpid(), os.Args) {
		args = []string{"init"}
	}
	os.Exit(run(context.Background(), terminal{os.Stdout, os.Stderr}, args))
}

// isInit says whether the kernel has started limpid as its first process: then
// what is in args are words of its command line that nobody else knew. A container
// that starts a command of limpid's as its first process names it.
func isInit(pid int, argv []string) bool {
	if pid != 1 {
		return false
	}
	if len(argv) > 0 && filepath.Base(argv[0]) == "init" || len(argv) < 2 {
		return true
	}
	_, command := find(argv[1])
	return !command
}

// run is main without the process around it.
func run(ctx context.Context, t terminal, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		return help(t, args)
	}
	c, ok := find(args[0])
	if !ok {
		fmt.Fprintf(t.err, "limpid: no command %q: see limpid help\n", args[0])
		return exitUsage
	}
	err := c.run(ctx, t, args[1:])
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errHelp):
		c.describe(t.out)
		return exitDone
	}
	code, hint := exitFailed, ""
	if _, ok := errors.AsType[usageError](err); ok {
		code, hint = exitUsage, ": see limpid "+c.name+" -h"
	}
	if _, ok := errors.AsType[cannotRun](err); ok {
		code = child.ExitNoRestart
	}
	fmt.Fprintf(t.err, "limpid %s: %s%s\n", c.name, err, hint)
	return code
}

func find(name string) (command, bool) {
	for _, c := range commands() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}

// help prints the list of commands, or one of them.
func help(t terminal, args []string) int {
	if len(args) > 1 {
		c, ok := find(args[1])
		if !ok {
			fmt.Fprintf(t.err, "limpid: no command %q: see limpid help\n", args[1])
			return exitUsage
		}
		c.describe(t.out)
		return exitDone
	}
	out, code := t.out, exitDone
	if len(args) == 0 {
		out, code = t.err, exitUsage
	}
	fmt.Fprint(out, "limpid, a transparent HTTP proxy that is a piece of wire\n\n")
	for _, c := range commands() {
		if !c.hidden {
			fmt.Fprintf(out, "  %-10s %s\n", c.name, c.summary)
		}
	}
	fmt.Fprint(out, "\nusage: limpid COMMAND; limpid COMMAND -h says more. Exit codes: 0 done, 1 failed, 2 usage.\n")
	return code
}

func (c command) describe(w io.Writer) {
	fmt.Fprintf(w, "usage: %s\n\n%s.\n", strings.TrimSpace("limpid "+c.name+" "+c.usage), c.summary)
	if c.help != "" {
		fmt.Fprintf(w, "\n%s\n", strings.Trim(c.help, "\n"))
	}
}
