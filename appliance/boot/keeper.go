package boot

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"limpid/appliance/reap"
)

// keeper keeps one child running: started again when it ends, soon at first and
// then ever later.
type keeper struct {
	name    string
	command func() *exec.Cmd
	output  io.Writer
	reaper  *reap.Reaper
	log     *slog.Logger
	// before is called before each start; ended after each end, with how long it lived.
	before func(context.Context)
	ended  func(life time.Duration)

	mu      sync.Mutex
	process *os.Process
	begun   time.Time
	done    chan struct{} // closed when the process that runs has ended
	over    bool          // not to be started again
	again   chan struct{} // ends a wait
}

// Waits before a child is started again.
const (
	firstWait = 500 * time.Millisecond
	lastWait  = 30 * time.Second
	longLife  = time.Minute // who lived so long starts the row anew
)

// nextWait is the wait after one of wait, for a child that has lived for life.
func nextWait(wait, life time.Duration) time.Duration {
	if life >= longLife || wait == 0 {
		return firstWait
	}
	return min(2*wait, lastWait)
}

// run keeps the child until ctx ends or end is called.
func (k *keeper) run(ctx context.Context) {
	for wait := time.Duration(0); ctx.Err() == nil; {
		if k.before != nil {
			k.before(ctx)
		}
		begun := time.Now()
		err := k.once()
		if errors.Is(err, errOver) {
			return
		}
		life := time.Since(begun)
		wait = nextWait(wait, life)
		k.log.Warn("process has ended", "process", k.name, "how", err, "lived", life.Round(time.Millisecond), "again_in", wait)
		if k.ended != nil {
			k.ended(life)
		}
		select {
		case <-ctx.Done():
		case <-k.again:
		case <-time.After(wait):
		}
	}
}

// errOver is a keeper that was told to end.
var errOver = errors.New("ended in order")

// once runs the child one time.
func (k *keeper) once() error {
	cmd, done, err := k.start()
	if err != nil {
		return err
	}
	err = k.reaper.Wait(cmd)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.process = nil
	close(done)
	switch {
	case k.over:
		return errOver
	case err == nil:
		return errors.New("status 0")
	}
	return err
}

func (k *keeper) start() (*exec.Cmd, chan struct{}, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over {
		return nil, nil, errOver
	}
	cmd := k.command()
	if k.output != nil {
		reader, writer, err := os.Pipe()
		if err != nil {
			return nil, nil, fmt.Errorf("start %s: %w", k.name, err)
		}
		defer writer.Close()
		cmd.Stdout, cmd.Stderr = writer, writer
		go copyLines(k.output, reader)
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	}
	if err := k.reaper.Start(cmd); err != nil {
		return nil, nil, fmt.Errorf("start %s: %w", k.name, err)
	}
	k.process, k.begun, k.done = cmd.Process, time.Now(), make(chan struct{})
	return cmd, k.done, nil
}

// copyLines passes whole lines on, so that those of several processes do not mix.
func copyLines(w io.Writer, r *os.File) {
	defer r.Close()
	lines := bufio.NewReaderSize(r, 8<<10)
	for {
		// A line longer than the buffer comes in pieces.
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			_, _ = w.Write(line) // a journal takes everything
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// runsSince says since when the child runs.
func (k *keeper) runsSince() (time.Time, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.begun, k.process != nil
}

// kill ends the child that runs, which is then started again. It says whether it
// has ended within limit: one that does not die of SIGKILL hangs in the kernel.
func (k *keeper) kill(limit time.Duration) bool {
	k.mu.Lock()
	process, done := k.process, k.done
	k.mu.Unlock()
	if process == nil {
		return true
	}
	_ = process.Signal(syscall.SIGKILL) // it may have ended just now
	return awaitEnd(done, limit)
}

// restart ends the child in order, and starts it again at once.
func (k *keeper) restart(patience time.Duration) {
	k.mu.Lock()
	process, done := k.process, k.done
	k.mu.Unlock()
	if process != nil {
		_ = process.Signal(syscall.SIGTERM)
		if !awaitEnd(done, patience) {
			_ = process.Signal(syscall.SIGKILL)
		}
	}
	select {
	case k.again <- struct{}{}:
	default:
	}
}

// end ends the child for good: with SIGTERM if it is given patience, else at once.
func (k *keeper) end(patience time.Duration) {
	k.mu.Lock()
	k.over = true
	process, done := k.process, k.done
	k.mu.Unlock()
	if process == nil {
		return
	}
	if patience > 0 {
		_ = process.Signal(syscall.SIGTERM)
		if awaitEnd(done, patience) {
			return
		}
	}
	_ = process.Signal(syscall.SIGKILL)
	awaitEnd(done, time.Second)
}

func awaitEnd(done <-chan struct{}, limit time.Duration) bool {
	select {
	case <-done:
		return true
	case <-time.After(limit):
		return false
	}
}
