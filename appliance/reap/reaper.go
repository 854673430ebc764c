package reap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Reaper starts children and reaps orphans. Make one with New.
type Reaper struct {
	mu   sync.Mutex // held while a child is started, so that none ends unknown
	own  map[int]bool
	wake chan struct{}
}

// New makes a Reaper without children.
func New() *Reaper {
	return &Reaper{own: make(map[int]bool), wake: make(chan struct{}, 1)}
}

// Start starts a command. Whoever calls it must call Wait, at once: until then
// a child of ours that has ended hides the orphans behind it.
func (r *Reaper) Start(cmd *exec.Cmd) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return err
	}
	r.own[cmd.Process.Pid] = true
	return nil
}

// Wait waits for a command that Start has started, as cmd.Wait does.
func (r *Reaper) Wait(cmd *exec.Cmd) error {
	err := cmd.Wait()
	r.mu.Lock()
	delete(r.own, cmd.Process.Pid)
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return err
}

// Run runs a command to its end. Its error holds what the command complained of.
func (r *Reaper) Run(cmd *exec.Cmd) (output []byte, err error) {
	var all tail
	cmd.Stdout, cmd.Stderr = &all, &all
	if err := r.Start(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	if err := r.Wait(cmd); err != nil {
		return all.text, &Failure{Program: cmd.Path, Err: err, Output: string(all.text)}
	}
	return all.text, nil
}

// Failure is a command that did not end well.
type Failure struct {
	Program string
	Err     error
	Output  string
}

func (f *Failure) Error() string {
	if words := lastLine(f.Output); words != "" {
		return fmt.Sprintf("run %s: %v: %s", f.Program, f.Err, words)
	}
	return fmt.Sprintf("run %s: %v", f.Program, f.Err)
}

func (f *Failure) Unwrap() error { return f.Err }

// Code is the exit status, -1 when there is none.
func (f *Failure) Code() int {
	if exit, ok := errors.AsType[*exec.ExitError](f.Err); ok {
		return exit.ExitCode()
	}
	return -1
}

// Orphans reaps whatever ends and was not started here, until ctx ends.
func (r *Reaper) Orphans(ctx context.Context) {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	defer signal.Stop(ended)
	for {
		r.reap()
		select {
		case <-ctx.Done():
			return
		case <-ended:
		case <-r.wake:
		}
	}
}

// siginfo is the part of siginfo_t (include/uapi/asm-generic/siginfo.h) that
// waitid(2) fills, on 64-bit machines.
type siginfo struct {
	signo, errno, code, _ int32
	pid                   int32
	_                     [108]byte
}

// reap reaps until the next child that has ended is one of ours, or there is none.
func (r *Reaper) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var info siginfo
		err := unix.Waitid(unix.P_ALL, 0, (*unix.Siginfo)(unsafe.Pointer(&info)), unix.WEXITED|unix.WNOHANG|unix.WNOWAIT|unix.WALL, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || info.pid == 0 || r.own[int(info.pid)] {
			return
		}
		if _, err := unix.Wait4(int(info.pid), nil, unix.WNOHANG|unix.WALL, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
