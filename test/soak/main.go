package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil:
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// errUsage says that the flags were wrong, and that this has been told.
var errUsage = errors.New("wrong usage")

// command is main without the process.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var o settings
	flags.IntVar(&o.connections, "connections", 7500, "connections at once")
	flags.IntVar(&o.addresses, "addresses", 240, "addresses that clients come from, half of them IPv6")
	flags.DurationVar(&o.soak, "for", 10*time.Minute, "how long the soak itself lasts")
	flags.DurationVar(&o.warm, "warm", 0, "how long the round before it lasts (default a tenth)")
	flags.IntVar(&o.warmers, "warm-connections", 0, "connections of that round (default as many)")
	flags.StringVar(&o.handshake, "handshake", "auto", "auto, mirror or accept, as in limpid.toml")
	flags.DurationVar(&o.flowTimeout, "flow-timeout", 0, "after which the kernel forgets an idle flow, and keepalive with it:\nan emulated processor has no time for probes twice a minute (default limpid's)")
	flags.Float64Var(&o.rate, "rate", 800, "uses of connections a second, over all")
	flags.Float64Var(&o.openRate, "open", 800, "connections opened a second")
	flags.Int64Var(&o.large, "large", 4<<20, "limit of large bodies, in `bytes`")
	flags.DurationVar(&o.patience, "patience", time.Minute, "for whatever is under way; more is a stall")
	flags.Uint64Var(&o.seed, "seed", 1, "of everything")
	inVM := flags.Bool("vm", false, "run in a virtual machine with a 6.12 kernel: broute, mirrored handshake")
	if err := flags.Parse(args); err != nil {
		return errUsage
	}
	if flags.NArg() > 0 || o.connections < 1 || o.addresses < 1 || o.rate <= 0 || o.openRate <= 0 || o.large < 64 || o.soak <= 0 {
		fmt.Fprintln(stderr, "soak: flags only, and each above 0")
		return errUsage
	}
	if *inVM {
		return runInVM(ctx, o, stdout)
	}
	if err := run(ctx, o, stdout); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "soak: every byte was right, and nothing is left")
	return nil
}
