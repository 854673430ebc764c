package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"limpid/test/vm/channel"
)

// outputGrace is how long the output is awaited after the program has ended: a daemon it left may hold the pipe open
// for ever.
const outputGrace = time.Second

// execute runs the job's program and copies its standard output and error, as one stream, to w. It returns when the
// program has ended, whatever else still runs. Process 1 must reap every orphan, so it waits for any child.
func execute(job *channel.Job, w io.Writer) (channel.Exit, error) {
	out, in, err := os.Pipe()
	if err != nil {
		return channel.Exit{}, fmt.Errorf("make output pipe: %w", err)
	}
	defer out.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return channel.Exit{}, fmt.Errorf("run %s: %w", job.Path, err)
	}
	pid, err := syscall.ForkExec(job.Path, append([]string{job.Path}, job.Args...), &syscall.ProcAttr{
		Dir:   job.Dir,
		Env:   job.Env,
		Files: []uintptr{null.Fd(), in.Fd(), in.Fd()},
		// A session of its own: no signal from the console reaches it.
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	null.Close()
	in.Close()
	if err != nil {
		return channel.Exit{}, fmt.Errorf("run %s: %w", job.Path, err)
	}
	copied := make(chan error, 1)
	go func() {
		_, err := io.Copy(w, out)
		copied <- err
	}()
	// exec.Cmd cannot be used: its Wait and the reaping of orphans would take each other's children.
	status, err := reap(pid)
	if err != nil {
		return channel.Exit{}, err
	}
	if err := out.SetReadDeadline(time.Now().Add(outputGrace)); err != nil {
		return channel.Exit{}, fmt.Errorf("end output: %w", err)
	}
	if err := <-copied; err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return channel.Exit{}, fmt.Errorf("copy output: %w", err)
	}
	// As a shell would say it, but by name.
	if status.Signaled() {
		return channel.Exit{Code: -1, Signal: unix.SignalName(status.Signal())}, nil
	}
	return channel.Exit{Code: status.ExitStatus()}, nil
}

// reap waits for children until pid is the one that ended.
func reap(pid int) (unix.WaitStatus, error) {
	for {
		var status unix.WaitStatus
		ended, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, fmt.Errorf("wait for process %d: %w", pid, err)
		case ended == pid:
			return status, nil
		}
	}
}
