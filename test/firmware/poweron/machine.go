package poweron

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"

	"limpid/test/qemu"
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
	*qemu.Process
	listener net.Listener
	LAN      *Port // the far end of the first network card
	WAN      *Port
}

// commandLine is the kernel's: as a box has it, but for what an emulated processor does slowly and to no purpose.
const commandLine = "console=ttyS0,115200 quiet panic=-1 oops=panic random.trust_cpu=on mitigations=off nokaslr norandmaps no_timer_check " +
	"rcupdate.rcu_cpu_stall_suppress=1 cryptomgr.notests audit=0"

// Start switches a machine on. When ctx ends it is killed.
func Start(ctx context.Context, h Hardware) (*Machine, error) {
	m := &Machine{}
	args := []string{
		"-no-reboot", "-smp", "2", "-m", "768",
		"-kernel", h.Kernel.Image, "-initrd", h.Root, "-append", commandLine + " " + h.Append,
		"-device", "virtio-rng-pci",
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
		listener, err := new(net.ListenConfig).Listen(ctx, "unix", filepath.Join(h.Dir, "nbd"))
		if err != nil {
			return nil, fmt.Errorf("serve disk: %w", err)
		}
		m.listener = listener
		args = append(args, "-drive", "if=none,id=disk,format=raw,cache=writeback,file=nbd+unix:///?socket="+filepath.Join(h.Dir, "nbd")+readOnly(h.Disk),
			"-device", "virtio-blk-pci,drive=disk")
	}
	process, err := qemu.Start(ctx, qemu.Options{Dir: h.Dir, Args: append(args, h.Args...), Ended: func() {
		if m.listener != nil {
			m.listener.Close()
		}
	}})
	if err != nil {
		return nil, err
	}
	m.Process = process
	if m.listener != nil {
		go m.acceptDisk(*h.Disk)
	}
	return m, nil
}

func readOnly(n *NBD) string {
	if n.ReadOnly {
		return ",read-only=on"
	}
	return ""
}

// acceptDisk serves the disk to QEMU, until that ends.
func (m *Machine) acceptDisk(disk NBD) {
	for {
		conn, err := m.listener.Accept()
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
}
