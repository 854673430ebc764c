package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/control"
	"limpid/test/lab"
)

// subject is the limpid that the story is about: a program in the lab's box, or the whole box.
type subject interface {
	// Run runs a subcommand and gives what it printed.
	Run(ctx context.Context, args ...string) ([]byte, error)
	Status(ctx context.Context) (control.Status, error)
	// Kill ends a process by SIGKILL.
	Kill(ctx context.Context, pid int) error
	// Done is closed when it has ended, and Exit says how.
	Done() <-chan struct{}
	Exit() error
	// Log is what it has said so far.
	Log() string
	// Stop ends it in order.
	Stop() error
}

// supervised is limpid as a program of the lab's box.
type supervised struct {
	*lab.Limpid
	control *control.Client
}

// Status asks the control socket rather than the command line: a process for each question would be load of its own.
func (s *supervised) Status(ctx context.Context) (control.Status, error) {
	return s.control.Status(ctx)
}

// Kill needs no help: the lab's processes are this machine's.
func (*supervised) Kill(_ context.Context, pid int) error {
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		return fmt.Errorf("kill process %d: %w", pid, err)
	}
	return nil
}

// pace is how hard the story drives its subject.
type pace struct {
	rate  int           // new connections a second
	limit time.Duration // when an attempt counts as failed
	poll  time.Duration // how often it is asked for its status
}

// pace is another where every instruction is emulated.
func (d *demo) pace() pace {
	if d.box != nil {
		return pace{rate: 20, limit: time.Minute, poll: 500 * time.Millisecond}
	}
	return pace{rate: 200, limit: 5 * time.Second, poll: 10 * time.Millisecond}
}
