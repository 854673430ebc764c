package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

const usage = `usage: testreport run [-v] [-record FILE] -- GO TEST ARGUMENTS
       testreport sum [-allow FILE] DIRECTORY`

func main() {
	// Ctrl-C reaches go test and its tests too, which clean up after
	// themselves: what is left to do here is to wait for them.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	switch args[0] {
	case "run":
		return run(ctx, args[1:], out)
	case "sum":
		return sum(args[1:], os.Getenv("CI") == "true", out)
	default:
		return errors.New(usage)
	}
}

// run starts go test with args, follows its events and writes the record.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	verbose := flags.Bool("v", false, "print the output of tests that pass, too, as it comes")
	record := flags.String("record", "", "write what happened to this file, for sum")
	if err := flags.Parse(args); err != nil {
		return err
	}

	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, flags.Args()...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("open pipe to go test: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start go test: %w", err)
	}
	report, readErr := follow(events, *verbose, out)
	testErr := cmd.Wait()

	if *record != "" {
		if err := report.save(*record); err != nil {
			return err
		}
	}
	if readErr != nil {
		return readErr
	}
	// A long log hides what failed: say it once more at the end.
	for _, f := range report.Failures {
		fmt.Fprintln(out, "--- FAIL:", f.Package, f.Test)
		for _, line := range f.Said {
			fmt.Fprintln(out, "   ", line)
		}
	}
	return verdict(report, testErr)
}

// verdict holds the report against go test's own exit status: whichever saw a
// failure is believed.
func verdict(report *Report, testErr error) error {
	failed, tests := 0, 0
	for _, p := range report.Packages {
		tests += p.Passed + p.Failed + p.Skipped
		if p.Result == resultFail {
			failed++
		}
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%d of %d packages failed", failed, len(report.Packages))
	case testErr != nil:
		return fmt.Errorf("run go test: %w", testErr)
	case tests == 0:
		return errors.New("no test ran")
	}
	return nil
}
