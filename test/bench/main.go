package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"limpid/test/lab"
)

// defaultReport is where a run of all subjects goes.
const defaultReport = "docs/performance.md"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil:
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// errUsage says that the flags were wrong, and that this has been told.
var errUsage = errors.New("wrong usage")

// run is main without the process: it returns errUsage when it has said itself
// what is wrong, and any other error for main to tell.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	rounds := flags.Int("rounds", 5, "how often each subject takes its turn")
	seconds := flags.Int("seconds", 2, "how long each load lasts")
	only := flags.String("only", "", "subjects, separated by commas: haproxy, trafficserver,\ntrafficserver-sharing, squid, limpid, wire (default all)")
	loads := flags.String("loads", "", "loads, separated by commas: idle, keep-alive, new, bulk, past-small, past-bulk (default all)")
	out := flags.String("out", "", "file for the report (default "+defaultReport+", with -only or -loads none)")
	if err := flags.Parse(args); err != nil {
		return errUsage
	}
	p, err := newPlan(*rounds, *seconds, *only, *loads)
	if err != nil || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "bench:", errors.Join(err, unexpected(flags.Args())))
		return errUsage
	}
	// A part of the tables must not take the place of all of them.
	if *out == "" && *only == "" && *loads == "" {
		*out = defaultReport
	}
	// All that is missing is told at once, before minutes are spent.
	if err := lab.Requirements(tools(p.subjects)...); err != nil {
		return err
	}
	m, err := readMachine(ctx, p.subjects)
	if err != nil {
		return err
	}
	r, failed := p.run(ctx, stderr)
	if ctx.Err() != nil {
		return errors.New("interrupted: nothing is written")
	}
	// Not begun: no limpid could be built, or no memory was left.
	if len(r.turns) == 0 {
		return failed
	}
	text := r.report(m, strings.Join(append([]string{"go run ./test/bench"}, args...), " "))
	fmt.Fprint(stdout, text)
	if *out != "" {
		if err := os.WriteFile(*out, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	return failed
}

// unexpected is an error if anything follows the flags.
func unexpected(args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("unexpected %q: there are only flags", args[0])
}

// run has all rounds. A subject that fails in a round loses what it had not
// measured by then; the others go on, and the error tells at the end.
func (p plan) run(ctx context.Context, progress io.Writer) (*results, error) {
	r := newResults(p)
	files, err := newBodies()
	if err != nil {
		return r, err
	}
	defer files.close()
	if slices.ContainsFunc(p.subjects, func(s subject) bool { return s.name == ours }) {
		remove, err := buildOnce(ctx)
		if err != nil {
			return r, err
		}
		defer remove()
	}
	var failed error
	for round := range p.rounds {
		for _, s := range p.order(round) {
			begin := time.Now()
			t, err := measure(ctx, s, files)
			// Whatever failed, it was by the interrupt.
			if ctx.Err() != nil {
				return r, context.Cause(ctx)
			}
			if err != nil {
				err = fmt.Errorf("round %d, %s: %w", round+1, s.name, err)
				r.notes = append(r.notes, strings.ReplaceAll(err.Error(), "\n", "; "))
				failed = errors.Join(failed, err)
			}
			// Also a turn without figures: rounds of different subjects are
			// compared by their place in the list.
			r.turns[s.name] = append(r.turns[s.name], t)
			fmt.Fprintf(progress, "bench: round %d of %d: %s, %.1f s\n", round+1, p.rounds, s.name, time.Since(begin).Seconds())
		}
	}
	return r, failed
}
