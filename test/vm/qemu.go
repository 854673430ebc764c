package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"limpid/test/vm/channel"
)

// machine is one QEMU process.
type machine struct {
	cmd     *exec.Cmd
	console console
	errors  strings.Builder // QEMU's own complaints
	frames  *os.File        // host's end of the guest's virtio-serial port
}

// channelFD is the number under which QEMU inherits its end of the port: the first of exec.Cmd.ExtraFiles.
const channelFD = 3

// kernelArgs is the kernel's command line: a console that shows errors only, a panic or oops that ends the machine at
// once, and no work that an emulated processor does slowly and to no purpose here.
func kernelArgs() string {
	return strings.Join([]string{
		"console=ttyS0", "quiet", "panic=-1", "oops=panic",
		"random.trust_cpu=on", "mitigations=off", "nokaslr", "nowatchdog", "no_timer_check",
		// Each start of a program at another address is translated anew.
		"norandmaps",
		"rcupdate.rcu_cpu_stall_suppress=1", "cryptomgr.notests", "audit=0",
	}, " ")
}

// qemuArgs is QEMU's command line.
func qemuArgs(spec Spec, accel, initramfs string) []string {
	return []string{
		// Nothing but what is asked for: no network card, no disk, no screen. A reboot, which is what a panic leads to, ends QEMU.
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-machine", "q35", "-accel", accel, "-cpu", "max,la57=off",
		"-smp", strconv.Itoa(spec.CPUs), "-m", strconv.Itoa(spec.Memory),
		"-kernel", spec.Kernel.Image, "-initrd", initramfs, "-append", kernelArgs(),
		// The kernel's console; Ctrl-C stays with the test.
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		// The result channel, on a socket that QEMU inherits: no path in a file system, nothing left behind.
		"-chardev", fmt.Sprintf("socket,id=result,fd=%d", channelFD),
		"-device", "virtio-serial-pci",
		"-device", "virtserialport,chardev=result,name=" + channel.PortName,
		"-device", "virtio-rng-pci",
	}
}

// startMachine starts QEMU. When ctx ends it is killed.
func startMachine(ctx context.Context, spec Spec, initramfs string) (*machine, error) {
	path, err := findProgram("qemu-system-x86_64")
	if err != nil {
		return nil, err
	}
	major, minor, err := qemuVersion(ctx, path)
	if err != nil {
		return nil, err
	}
	// A socket pair, so that the end of QEMU is the end of the stream, however QEMU ends.
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make result channel: %w", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "qemu channel")
	defer theirs.Close()
	m := &machine{frames: os.NewFile(uintptr(pair[0]), "result channel")}
	m.cmd = exec.CommandContext(ctx, path, qemuArgs(spec, accelerator(major, minor), initramfs)...)
	m.cmd.Stdout = &m.console
	m.cmd.Stderr = &m.errors
	m.cmd.ExtraFiles = []*os.File{theirs}
	// Whoever else may hold QEMU's output open must not delay its end.
	m.cmd.WaitDelay = time.Second
	// A test process that is itself killed must not leave a machine behind.
	m.cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	if err := m.cmd.Start(); err != nil {
		m.frames.Close()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return m, nil
}

// report is what the guest sent.
type report struct {
	ready   *channel.Ready
	readyAt time.Time
	exit    *channel.Exit
	fault   string
}

// receive takes the guest's frames until its end of the channel closes, which QEMU's end brings with it.
func (m *machine) receive(sinks map[channel.Kind]io.Writer) (report, error) {
	var r report
	for {
		kind, body, err := channel.Read(m.frames)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, unix.ECONNRESET):
			return r, nil // whether something is missing shows in the report
		case err != nil:
			return r, fmt.Errorf("read result channel: %w", err)
		}
		switch kind {
		case channel.KindReady:
			r.ready, err = decode[channel.Ready](body)
			r.readyAt = time.Now()
		case channel.KindExit:
			r.exit, err = decode[channel.Exit](body)
		case channel.KindFault:
			r.fault = string(body)
		default:
			// Bytes to pass on: output and archive.
			sink, ok := sinks[kind]
			if !ok {
				return r, fmt.Errorf("read result channel: unknown frame %q", kind)
			}
			_, err = sink.Write(body)
		}
		if err != nil {
			return r, err
		}
	}
}
