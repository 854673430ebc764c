package qemu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"limpid/test/vm"
)

// Options say what is started.
type Options struct {
	// Dir is a folder for the monitor's socket; its path must be short, a socket's has 108 bytes.
	Dir string
	// Args are QEMU's arguments, but for the accelerator, the first serial line and the monitor.
	Args []string
	// Files are open in QEMU as FirstFile and the next ones.
	Files []*os.File
	// Screen gets what comes out of the serial line as it is, too; nil: nobody.
	Screen io.Writer
	// Ended is called when QEMU has ended, before Off says so; nil: nothing.
	Ended func()
}

// FirstFile is the descriptor of the first of Options.Files in QEMU.
const FirstFile = 3

// Process is a machine that was switched on. Its methods may be called by several goroutines.
type Process struct {
	cmd         *exec.Cmd
	cancel      context.CancelFunc
	console     *console
	keys        io.WriteCloser
	said        strings.Builder // QEMU's own complaints
	monitorPath string
	off         chan struct{} // closed when QEMU has ended
	err         error         // why, if it was not by itself; read after off
}

// Start switches a machine on. It is switched off, as if the plug was pulled, when ctx ends; the caller must call Wait or
// Kill in the end.
func Start(ctx context.Context, o Options) (*Process, error) {
	path, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		return nil, fmt.Errorf("find QEMU: %w; install qemu-system-x86", err)
	}
	accelerator, err := vm.Accelerator(ctx, path)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &Process{cancel: cancel, console: newConsole(), monitorPath: filepath.Join(o.Dir, "qmp"), off: make(chan struct{})}
	args := append([]string{
		"-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none",
		"-machine", "q35", "-accel", accelerator, "-cpu", "max,la57=off",
		// Ctrl-C typed there is for the machine.
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-qmp", "unix:" + p.monitorPath + ",server=on,wait=off",
	}, o.Args...)
	p.cmd = exec.CommandContext(ctx, path, args...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = p.console, &p.said, o.Files
	if o.Screen != nil {
		p.cmd.Stdout = io.MultiWriter(p.console, o.Screen)
	}
	p.cmd.WaitDelay = time.Second
	// A process that is itself killed must not leave a machine behind.
	// Ctrl-C on a terminal is for who started it.
	p.cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL, Setpgid: true}
	if p.keys, err = p.cmd.StdinPipe(); err != nil {
		cancel()
		return nil, fmt.Errorf("start QEMU: %w", err)
	}
	started := make(chan error)
	go p.run(ctx, started, o.Ended)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start QEMU: %w", err)
	}
	return p, nil
}

// run starts QEMU and waits for its end. QEMU is killed with the thread that started it (Pdeathsig): that thread is kept.
func (p *Process) run(ctx context.Context, started chan<- error, ended func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer p.cancel()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		err = p.cmd.Wait()
		if cause := ctx.Err(); cause != nil {
			p.err = fmt.Errorf("run machine: %w", cause)
		} else if err != nil {
			p.err = fmt.Errorf("run machine: %w: %s", err, strings.TrimSpace(p.said.String()))
		}
	}
	if ended != nil {
		ended()
	}
	close(p.off)
}

// PID is QEMU's.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Console gives what has come out of the serial line, without what is meant for a terminal.
func (p *Process) Console() string {
	text, _ := p.console.read(0)
	return text
}

// Write adds a remark to what came out of the serial line.
func (p *Process) Write(remark []byte) (int, error) { return p.console.Write(remark) }

// Mark is now.
func (p *Process) Mark() Mark { return p.console.mark() }

// Expect waits until the serial line has shown text, now or earlier, and gives all that it has shown; its error shows
// the last lines.
func (p *Process) Expect(ctx context.Context, text string) (string, error) {
	return p.ExpectSince(ctx, 0, text)
}

// ExpectSince waits until the serial line has shown text after a mark, and gives what it has shown since.
func (p *Process) ExpectSince(ctx context.Context, mark Mark, text string) (string, error) {
	return p.console.expect(ctx, mark, text, func(said string) bool { return strings.Contains(said, text) }, p.off)
}

// ExpectMatch waits until what the serial line has shown after a mark matches, and gives it.
func (p *Process) ExpectMatch(ctx context.Context, mark Mark, pattern *regexp.Regexp) (string, error) {
	return p.console.expect(ctx, mark, pattern.String(), pattern.MatchString, p.off)
}

// Type sends text over the serial line, as if typed.
func (p *Process) Type(text string) error {
	if _, err := io.WriteString(p.keys, text); err != nil {
		return fmt.Errorf("type %q: %w", text, err)
	}
	return nil
}

// Off is closed when the machine is off.
func (p *Process) Off() <-chan struct{} { return p.off }

// Wait waits until the machine has switched itself off. Any other end is an error.
func (p *Process) Wait() error {
	<-p.off
	return p.err
}

// Freeze stops the machine's processors and devices wherever they are while f runs: its disk is then what it would be if
// the plug was pulled at this moment, since all that the machine was told is written has been given to the image.
func (p *Process) Freeze(f func() error) error {
	pid := p.cmd.Process.Pid
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		return fmt.Errorf("freeze machine: %w", err)
	}
	err := awaitStop(pid)
	if err == nil {
		err = f()
	}
	if goOn := unix.Kill(pid, unix.SIGCONT); goOn != nil {
		err = errors.Join(err, fmt.Errorf("unfreeze machine: %w", goOn))
	}
	return err
}

// awaitStop waits until each thread of a process has stopped (proc_pid_stat(5)): a write that has begun ends first.
func awaitStop(pid int) error {
	for ; ; time.Sleep(time.Millisecond) {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil {
			return err
		}
		stopped := len(threads) > 0
		for _, name := range threads {
			stat, err := os.ReadFile(name)
			if err != nil {
				continue // that thread has ended
			}
			// The state is behind the name in parentheses, which may hold anything.
			_, after, _ := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')'):]), " ")
			switch after[:min(1, len(after))] {
			case "T":
			case "Z", "X", "":
				return errors.New("freeze machine: it is off")
			default:
				stopped = false
			}
		}
		if stopped {
			return nil
		}
	}
}

// Kill pulls the plug and returns when the machine is off. What it has written to its disk stays written.
func (p *Process) Kill() {
	p.cancel()
	<-p.off
}
