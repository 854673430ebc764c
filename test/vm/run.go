package vm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"limpid/test/vm/channel"
)

// Failure is a machine that did not run its program to the end. Error gives one line; Console shows the kernel's last
// words.
type Failure struct {
	What    string // what happened and where
	Mend    string // what to do about it
	Console string // last lines of the console
}

// Error gives what happened and how to mend it, on one line.
func (f *Failure) Error() string {
	return f.What + "; " + f.Mend
}

// Run boots the kernel, runs the program in it and returns when the machine is off. An error means that the program did
// not run to its end (see Failure); a program that ended with a status other than 0 is no error here: see Result.Exit.
func Run(ctx context.Context, spec Spec) (Result, error) {
	spec = spec.withDefaults()
	if err := spec.check(); err != nil {
		return Result{Exit: -1}, err
	}
	// Said first, since it is what a new machine lacks most often.
	if _, err := findProgram("qemu-system-x86_64"); err != nil {
		return Result{Exit: -1}, err // before a kernel is downloaded for nothing
	}
	if spec.Kernel.Image == "" {
		root, err := moduleRoot()
		if err != nil {
			return Result{Exit: -1}, err
		}
		spec.Kernel, err = DebianKernel(ctx, filepath.Join(root, ".cache", "vm"))
		if err != nil {
			return Result{Exit: -1}, err
		}
	}
	// The initramfs is packed anew for each run: it takes half a second and is never stale.
	work, err := os.MkdirTemp("", "limpid-vm-*")
	if err != nil {
		return Result{Exit: -1}, fmt.Errorf("make work folder: %w", err)
	}
	defer os.RemoveAll(work)
	initramfs := filepath.Join(work, "initramfs")
	if err := packInitramfs(ctx, initramfs, spec); err != nil {
		return Result{Exit: -1}, err
	}
	spec.Log.Info("boot a VM to test on a kernel with broute, NFT_QUEUE and VLANs", "kernel", filepath.Base(spec.Kernel.Image),
		"program", strings.Join(append([]string{filepath.Base(spec.Binary)}, spec.Args...), " "), "timeout", spec.Timeout)
	return boot(ctx, spec, initramfs)
}

// boot runs one machine from power-on to power-off.
func boot(ctx context.Context, spec Spec, initramfs string) (Result, error) {
	// The machine is killed with the thread that started it (Pdeathsig): keep that thread until it is off.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	limited, cancel := context.WithTimeout(ctx, spec.Timeout)
	defer cancel()
	start := time.Now()
	m, err := startMachine(limited, spec, initramfs)
	if err != nil {
		return Result{Exit: -1}, err
	}
	var output, files bytes.Buffer
	r, readErr := m.receive(map[channel.Kind]io.Writer{
		channel.KindOutput:  io.MultiWriter(&output, spec.Output),
		channel.KindArchive: &files,
	})
	if readErr != nil {
		cancel() // the machine would wait for ever for somebody to read
	}
	// A guest that is still running has closed no channel: the end of frames means the end of QEMU is near.
	waitErr := m.cmd.Wait()
	m.frames.Close()

	result := Result{Exit: -1, Elapsed: time.Since(start), Output: output.Bytes(), Console: m.console.String()}
	if r.ready != nil {
		result.Kernel, result.Boot = r.ready.Kernel, r.readyAt.Sub(start)
	}
	if readErr != nil {
		return result, readErr
	}
	// No exit status: something ended the machine before the program had ended.
	if r.exit == nil {
		return result, m.failure(limited, r, waitErr, spec.Timeout, result.Console)
	}
	result.Exit, result.Signal = r.exit.Code, r.exit.Signal
	if spec.OutDir != "" {
		result.Files, err = unpackFiles(spec.OutDir, &files)
	}
	return result, err
}

// failure tells why there is no exit status.
func (m *machine) failure(ctx context.Context, r report, waitErr error, timeout time.Duration, text string) error {
	f := &Failure{Console: tail(text, consoleTail)}
	// A panic explains everything else that may have happened, so it is looked for first.
	reason, panicked := panicIn(text)
	switch {
	case panicked:
		f.What, f.Mend = "run VM: kernel panic: "+reason, "see the console lines for what led to it"
	case r.fault != "":
		f.What, f.Mend = "run VM: the guest's process 1 could not go on: "+r.fault, "see the console lines"
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && r.ready == nil:
		f.What, f.Mend = fmt.Sprintf("boot VM: not ready after %v", timeout), "see the console lines, or allow more time"
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		f.What, f.Mend = fmt.Sprintf("run VM: the program had not ended after %v, and the machine was killed", timeout), "find what hangs in the output, or allow more time"
	case ctx.Err() != nil:
		f.What, f.Mend = "run VM: stopped before the program ended", "its caller gave up: "+context.Cause(ctx).Error()
	case waitErr != nil:
		f.What, f.Mend = fmt.Sprintf("run QEMU: %v: %s", waitErr, lastLine(m.errors.String())), "see qemu-system-x86_64(1) for the option it names"
	default:
		f.What, f.Mend = "run VM: it powered off without a result", "see the console lines"
	}
	return f
}

// decode reads the body of a frame that is JSON.
func decode[T any](body []byte) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(body, v); err != nil {
		return nil, fmt.Errorf("read result channel: %w", err)
	}
	return v, nil
}
