package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"limpid/test/lab"
)

// daemon is a program that runs in the foreground in a node until stop; the
// lab's Close ends what is still there.
type daemon struct {
	cmd    *lab.Cmd
	output string
	done   chan struct{}
}

// launch starts args in a node, with what they say going to a file in dir.
func launch(ctx context.Context, n *lab.Node, dir string, args ...string) (*daemon, error) {
	d := &daemon{output: filepath.Join(dir, "output"), done: make(chan struct{})}
	out, err := os.Create(d.output)
	if err != nil {
		return nil, fmt.Errorf("make the log of %s: %w", args[0], err)
	}
	defer out.Close()
	// An interrupt ends the measurement, and that ends the program.
	d.cmd = n.Command(context.WithoutCancel(ctx), args[0], args[1:]...)
	d.cmd.Dir, d.cmd.Stdout, d.cmd.Stderr = dir, out, out
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = d.cmd.Wait() // its end is told by ProcessState
		close(d.done)
	}()
	return d, nil
}

// alive is an error, with the last it said, if the program has ended.
func (d *daemon) alive() error {
	select {
	case <-d.done:
		return fmt.Errorf("%s ended by itself, %s: %s", d.cmd.Args[0], d.cmd.ProcessState, d.tail())
	default:
		return nil
	}
}

// stop ends it with SIGTERM, and with SIGKILL if it is not gone after 3 s.
func (d *daemon) stop() error {
	// By its own pid alone: nothing is looked for by name.
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := d.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("end %s: %w", d.cmd.Args[0], err)
		}
		select {
		case <-d.done:
			return nil
		case <-time.After(3 * time.Second):
		}
	}
	return fmt.Errorf("end %s: still there after SIGKILL", d.cmd.Args[0])
}

// tail is the end of what it said.
func (d *daemon) tail() string {
	out, err := os.ReadFile(d.output)
	if err != nil {
		return err.Error()
	}
	return lastLines(string(out))
}

// lastLines are the last five of a log, in one.
func lastLines(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "; ")
}
