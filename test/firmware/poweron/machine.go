package poweron

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"limpid/test/vm"
)

// Hardware is a machine.
type Hardware struct {
	Dir    string    // for its sockets: short, a socket's path has 108 bytes
	Kernel vm.Kernel //
	Root   string    // archive that vm.Root has written
	Append string    // more of the kernel's command line
	Disk   *NBD      // nil: none
	Args   []string  // more of QEMU's arguments
}

// Machine is a machine that runs. A reboot, and a panic, switch it off.
type Machine struct {
	cmd      *exec.Cmd
	dir      string
	listener net.Listener
	off      chan struct{}

	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
	input   *os.File
	LAN     *Port // the far end of the first network card
	WAN     *Port
}

// commandLine is the kernel's: as a box has it, but for what an emulated processor does slowly and to no purpose.
const commandLine = "console=ttyS0,115200 quiet panic=-1 oops=panic random.trust_cpu=on mitigations=off nokaslr no_timer_check " +
	"rcupdate.rcu_cpu_stall_suppress=1 cryptomgr.notests audit=0"

// Start switches a machine on. When ctx ends it is killed.
func Start(ctx context.Context, h Hardware) (*Machine, error) {
	qemu, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		return nil, fmt.Errorf("find QEMU: %w: apt-get install qemu-system-x86", err)
	}
	accelerator, err := vm.Accelerator(ctx, qemu)
	if err != nil {
		return nil, err
	}
	m := &Machine{dir: h.Dir, off: make(chan struct{}), changed: make(chan struct{})}
	args := []string{
		"-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none", "-no-reboot",
		"-machine", "q35", "-accel", accelerator, "-cpu", "max,la57=off", "-smp", "2", "-m", "768",
		"-kernel", h.Kernel.Image, "-initrd", h.Root, "-append", commandLine + " " + h.Append,
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-device", "virtio-rng-pci",
		// Frozen when it begins: the answers of its monitor are not needed.
		"-qmp", "unix:" + filepath.Join(h.Dir, "qmp") + ",server=on,wait=off",
	}
	for i, name := range []string{"lan", "wan"} {
		port, err := newPort(h.Dir, name)
		if err != nil {
			return nil, err
		}
		args = append(args,
			"-netdev", fmt.Sprintf("dgram,id=%s,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s", name, port.theirs, port.ours),
			// The servers' card is found first by the kernel, were it not for the address.
			"-device", fmt.Sprintf("virtio-net-pci,netdev=%s,mac=52:54:00:00:00:0%d,addr=0x%d", name, i+1, 6+i))
		if i == 0 {
			m.LAN = port
		} else {
			m.WAN = port
		}
	}
	if h.Disk != nil {
		if err := m.serveDisk(ctx, filepath.Join(h.Dir, "nbd"), *h.Disk); err != nil {
			return nil, err
		}
		args = append(args, "-drive", "if=none,id=disk,format=raw,cache=writeback,file=nbd+unix:///?socket="+filepath.Join(h.Dir, "nbd")+readOnly(h.Disk),
			"-device", "virtio-blk-pci,drive=disk")
	}
	return m, m.start(ctx, qemu, append(args, h.Args...))
}

func readOnly(n *NBD) string {
	if n.ReadOnly {
		return ",read-only=on"
	}
	return ""
}

// start starts QEMU on a thread that stays: with its end the machine would end (Pdeathsig).
func (m *Machine) start(ctx context.Context, qemu string, args []string) error {
	m.cmd = exec.CommandContext(ctx, qemu, args...)
	var complaint strings.Builder
	reader, writer, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start QEMU: %w", err)
	}
	m.cmd.Stdin, m.cmd.Stdout, m.cmd.Stderr = reader, m, &complaint
	m.input = writer
	m.cmd.WaitDelay = time.Second
	m.cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := m.cmd.Start()
		reader.Close()
		started <- err
		if err != nil {
			return
		}
		_ = m.cmd.Wait() // how QEMU ended says nothing about the box
		writer.Close()
		if m.listener != nil {
			m.listener.Close()
		}
		_, _ = m.Write([]byte(complaint.String()))
		close(m.off)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start QEMU: %w", err)
	}
	return nil
}

func (m *Machine) serveDisk(ctx context.Context, path string, disk NBD) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("serve disk: %w", err)
	}
	m.listener = listener
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if err := disk.Serve(conn); err != nil && !errors.Is(err, net.ErrClosed) {
					_, _ = fmt.Fprintf(m, "\n[disk: %v]\n", err)
				}
			}()
		}
	}()
	return nil
}

// Write takes what the machine says on its serial line.
func (m *Machine) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.changed)
	m.changed = make(chan struct{})
	return m.text.Write(p)
}

// Type types on the serial line.
func (m *Machine) Type(text string) error {
	_, err := m.input.WriteString(text)
	return err
}

// Off is closed when the machine is off.
func (m *Machine) Off() <-chan struct{} { return m.off }

// Kill pulls the plug and returns when the machine is off.
func (m *Machine) Kill() {
	_ = m.cmd.Process.Kill() // it may be off
	<-m.off
}

// Console is all that was said so far, without what is meant for a terminal.
func (m *Machine) Console() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return plain(m.text.String())
}

func plain(text string) string {
	// A line of the status screen begins with its place.
	text = regexp.MustCompile(`\x1b\[[0-9]+;1H`).ReplaceAllString(text, "\n")
	return strings.ReplaceAll(regexp.MustCompile(`\x1b(\[[0-9;?=]*[A-Za-z]|c)`).ReplaceAllString(text, ""), "\r", "")
}

// Mark is a moment of what was said.
type Mark int

// Mark is now.
func (m *Machine) Mark() Mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Mark(m.text.Len())
}

// Expect waits until text has been said, and gives all that was said.
func (m *Machine) Expect(ctx context.Context, text string) (string, error) {
	return m.ExpectSince(ctx, 0, text)
}

// ExpectSince waits until text is said after a mark, and gives what was said after it.
func (m *Machine) ExpectSince(ctx context.Context, mark Mark, text string) (string, error) {
	for {
		m.mu.Lock()
		said, changed := plain(m.text.String()[mark:]), m.changed
		m.mu.Unlock()
		if strings.Contains(said, text) {
			return said, nil
		}
		var why string
		select {
		case <-changed:
			continue
		case <-ctx.Done():
			why = ctx.Err().Error()
		case <-m.off:
			if strings.Contains(m.Console(), text) {
				continue
			}
			why = "the machine is off"
		}
		return said, fmt.Errorf("wait for %q on the console: %s; it said:\n%s", text, why, tail(m.Console()))
	}
}

// tail gives the last lines.
func tail(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-80):], "\n")
}
