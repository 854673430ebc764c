package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

// Exit codes. A shell gives the last to a program that SIGINT ended.
const (
	exitHolds       = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 128 + int(unix.SIGINT)
)

// errInterrupted: the visitor ended the demo before its story was told.
var errInterrupted = errors.New("interrupted")

func main() { os.Exit(run()) }

// run is main with an exit code. Everything it began has ended when it returns.
func run() int {
	whole := len(os.Args) == 2 && os.Args[1] == "box"
	if !whole && (len(os.Args) != 2 || os.Args[1] != "lab") {
		fmt.Fprintln(os.Stderr, "demo: it takes \"box\" or \"lab\": run it with make demo or make lab, with DEMO_ONCE=1 to have it end by itself")
		return exitUsage
	}
	// SIGPIPE too: a reader that went away (make demo | head) must not keep
	// the demo from cleaning up.
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGPIPE)
	defer stop()
	d := &demo{screen: newScreen(os.Stdout), once: os.Getenv("DEMO_ONCE") == "1", whole: whole}
	err := d.tell(ctx)
	if err != nil && interrupted(ctx) {
		// A terminal's Ctrl-C reaches the programs that the demo runs too,
		// and it is one of them that may say first that it was ended.
		err = errInterrupted
	}
	if err != nil && !errors.Is(err, errInterrupted) {
		d.explain(os.Stderr)
	}
	err = errors.Join(err, d.takeDown(ctx.Err() != nil))
	// Not being able to clean up is a failure like any other, said together
	// with the first.
	switch {
	case err == nil:
		return exitHolds
	case errors.Is(err, errInterrupted):
		fmt.Fprintf(os.Stderr, "demo: %v\n", err)
		return exitInterrupted
	default:
		fmt.Fprintf(os.Stderr, "demo: %v\n", err)
		return exitFailed
	}
}

// interrupted reports whether a signal has come, or comes this very moment.
func interrupted(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	case <-time.After(100 * time.Millisecond):
		return false
	}
}
