package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
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
	o, p, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.section != "" {
		return inGuest(ctx, o.rounds, o.seconds, o.section, stderr)
	}
	// All that is missing is told at once, before minutes are spent.
	if err := lab.Requirements(o.tools(p)...); err != nil {
		return err
	}
	m, err := readMachine(ctx, p.subjects)
	if err != nil {
		return err
	}
	remove, err := buildOnce(ctx)
	if err != nil {
		return err
	}
	defer remove()
	r, failed := p.run(ctx, stderr)
	failed = errors.Join(failed, r.more(ctx, o, stderr))
	if ctx.Err() != nil {
		return errors.New("interrupted: nothing is written")
	}
	// Not begun: no memory was left.
	if len(r.turns) == 0 {
		return failed
	}
	return errors.Join(failed, r.write(o.out, m, strings.Join(append([]string{"go run ./test/bench"}, args...), " "), stdout))
}

// more adds the sections that flags ask for. One that fails is noted like a
// turn that does.
func (r *results) more(ctx context.Context, o options, progress io.Writer) (failed error) {
	add := func(name string, f func() (string, error)) {
		if ctx.Err() != nil {
			return
		}
		begin := time.Now()
		section, err := f()
		if err != nil {
			failed = errors.Join(failed, r.note(fmt.Errorf("%s: %w", name, err)))
			return
		}
		r.sections = append(r.sections, section)
		fmt.Fprintf(progress, "bench: %s, %.1f s\n", name, time.Since(begin).Seconds())
	}
	if o.vm {
		add("virtual machine", func() (string, error) { return virtual(ctx, guestRounds, o.seconds, progress) })
	}
	if len(o.profile) > 0 {
		add("profiles", func() (string, error) {
			files, err := newBodies(r.plan.has(keyBulk))
			if err != nil {
				return "", err
			}
			defer files.close()
			list, err := r.plan.profile(ctx, files, o.profile, profileDir)
			if err != nil {
				return "", err
			}
			return profilesSection(list), nil
		})
	}
	return failed
}

// note tells in the report what does not count.
func (r *results) note(err error) error {
	r.notes = append(r.notes, strings.ReplaceAll(err.Error(), "\n", "; "))
	return err
}

// write puts report and chart side by side, and the report on stdout.
func (r *results) write(out string, m machine, command string, stdout io.Writer) error {
	name := ""
	picture := strings.TrimSuffix(out, filepath.Ext(out)) + ".svg"
	if out != "" {
		name = filepath.Base(picture)
	}
	text := r.report(m, command, name)
	fmt.Fprint(stdout, text)
	if out == "" {
		return nil
	}
	if err := os.WriteFile(out, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.WriteFile(picture, []byte(r.chart().svg()), 0o644); err != nil {
		return fmt.Errorf("write the chart: %w", err)
	}
	return nil
}

// run has all rounds. A subject that fails in a round loses what it had not
// measured by then; the others go on, and the error tells at the end.
func (p plan) run(ctx context.Context, progress io.Writer) (*results, error) {
	r := newResults(p)
	files, err := newBodies(p.has(keyBulk, keyPastBulk, keyPinnedBulk))
	if err != nil {
		return r, err
	}
	defer files.close()
	if slices.ContainsFunc(p.subjects, func(s subject) bool { return s.family == familyOurs }) {
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
				failed = errors.Join(failed, r.note(fmt.Errorf("round %d, %s: %w", round+1, s.name, err)))
			}
			// Also a turn without figures: rounds of different subjects are
			// compared by their place in the list.
			r.turns[s.name] = append(r.turns[s.name], t)
			fmt.Fprintf(progress, "bench: round %d of %d: %s, %.1f s\n", round+1, p.rounds, s.name, time.Since(begin).Seconds())
		}
	}
	return r, failed
}
