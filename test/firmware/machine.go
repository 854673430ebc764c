package firmware

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"limpid/test/vm"
)

// Machine is a machine that was switched on. Its methods may be called by several goroutines.
type Machine struct {
	cmd     *exec.Cmd
	cancel  context.CancelFunc
	console *console
	keys    io.WriteCloser
	said    strings.Builder // QEMU's own complaints
	vars    string
	off     chan struct{} // closed when QEMU has ended
	err     error         // why, if it was not by itself; read after off
}

// Start switches a machine on. It is switched off, as if the plug was pulled, when ctx ends; the caller must call Wait or
// Kill in the end.
func Start(ctx context.Context, h Hardware) (*Machine, error) {
	path, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		return nil, fmt.Errorf("find QEMU: %w; install qemu-system-x86", err)
	}
	accelerator, err := vm.Accelerator(ctx, path)
	if err != nil {
		return nil, err
	}
	vars, err := freshVariables()
	if err != nil {
		return nil, err
	}
	args, err := h.arguments(accelerator, vars)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(filepath.Dir(vars)))
	}
	ctx, cancel := context.WithCancel(ctx)
	m := &Machine{cancel: cancel, console: newConsole(), vars: vars, off: make(chan struct{})}
	m.cmd = exec.CommandContext(ctx, path, args...)
	m.cmd.Stdout, m.cmd.Stderr = m.console, &m.said
	m.cmd.WaitDelay = time.Second
	// A test process that is itself killed must not leave a machine behind.
	m.cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	if m.keys, err = m.cmd.StdinPipe(); err != nil {
		cancel()
		return nil, fmt.Errorf("start QEMU: %w", err)
	}
	started := make(chan error)
	go m.run(ctx, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start QEMU: %w", err)
	}
	return m, nil
}

// freshVariables gives the file name of a copy of the firmware's variables, in a folder of its own.
func freshVariables() (string, error) {
	b, err := os.ReadFile(firmwareVars)
	if err != nil {
		return "", fmt.Errorf("read UEFI firmware: %w; install ovmf", err)
	}
	dir, err := os.MkdirTemp("", "limpid-firmware-*")
	if err != nil {
		return "", fmt.Errorf("copy firmware variables: %w", err)
	}
	vars := filepath.Join(dir, "vars.fd")
	if err := os.WriteFile(vars, b, 0o600); err != nil {
		return "", errors.Join(fmt.Errorf("copy firmware variables: %w", err), os.RemoveAll(dir))
	}
	return vars, nil
}

// run starts QEMU and waits for its end. QEMU is killed with the thread that started it (Pdeathsig): that thread is kept.
func (m *Machine) run(ctx context.Context, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer m.cancel()
	defer os.RemoveAll(filepath.Dir(m.vars))
	err := m.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	err = m.cmd.Wait()
	if cause := ctx.Err(); cause != nil {
		m.err = fmt.Errorf("run machine: %w", cause)
	} else if err != nil {
		m.err = fmt.Errorf("run machine: %w: %s", err, strings.TrimSpace(m.said.String()))
	}
	close(m.off)
}

// Console gives what has come out of the serial line.
func (m *Machine) Console() string {
	text, _ := m.console.read()
	return text
}

// Expect waits until the serial line has shown text, now or earlier; its error shows the last lines.
func (m *Machine) Expect(ctx context.Context, text string) error {
	return m.console.expect(ctx, text, m.off)
}

// Type sends text over the serial line, as if typed.
func (m *Machine) Type(text string) error {
	if _, err := io.WriteString(m.keys, text); err != nil {
		return fmt.Errorf("type %q: %w", text, err)
	}
	return nil
}

// Wait waits until the machine has switched itself off. Any other end is an error.
func (m *Machine) Wait() error {
	<-m.off
	return m.err
}

// Kill pulls the plug and returns when the machine is off. What it has written to its disk stays written.
func (m *Machine) Kill() {
	m.cancel()
	<-m.off
}
