package firmware

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"limpid/test/qemu"
)

// Bus is how the disk is connected.
type Bus string

// The ways in which boxes have their disks, and the quick one.
const (
	Virtio Bus = "virtio"
	AHCI   Bus = "ahci"
	NVMe   Bus = "nvme"
	USB    Bus = "usb"
)

// Hardware is a machine without its power switch. The zero value with a Disk is a useful one.
type Hardware struct {
	Disk     string   // raw image
	Bus      Bus      // "": Virtio
	ReadOnly bool     // the disk refuses to be written, as a card with its switch set does
	Memory   int      // MiB; 0: 1024
	CPUs     int      // 0: 1
	NICs     []NIC    // in the order in which the box numbers them
	Watchdog bool     // one that resets the machine (i6300ESB)
	Args     []string // more of QEMU's arguments: other network cards, more disks

	// Screen gets what comes out of the serial line, as it is; nil: nobody.
	Screen io.Writer
}

// Where Debian's ovmf package has the firmware, and the variables of a board that was never switched on.
const (
	firmwareCode = "/usr/share/OVMF/OVMF_CODE_4M.fd"
	firmwareVars = "/usr/share/OVMF/OVMF_VARS_4M.fd"
)

// Names in a machine's own folder: its copy of the firmware's variables, and the socket of its second serial line.
const (
	varsName  = "vars.fd"
	shellName = "shell"
)

// arguments are QEMU's; dir is the machine's own folder.
func (h Hardware) arguments(dir string) ([]string, error) {
	var device string
	switch h.Bus {
	case Virtio, "":
		device = "virtio-blk-pci,drive=disk,bootindex=1"
	case AHCI:
		device = "ide-hd,drive=disk,bus=ide.0,bootindex=1"
	case NVMe:
		device = "nvme,drive=disk,serial=limpid,bootindex=1"
	case USB:
		device = "usb-storage,drive=disk,removable=on,bus=xhci.0,bootindex=1"
	default:
		return nil, fmt.Errorf("connect disk: no bus %q", h.Bus)
	}
	readOnly := "off"
	if h.ReadOnly {
		readOnly = "on"
	}
	args := []string{
		"-smp", strconv.Itoa(max(1, h.CPUs)), "-m", strconv.Itoa(memory(h.Memory)),
		"-drive", "if=pflash,format=raw,unit=0,readonly=on,file=" + firmwareCode,
		"-drive", "if=pflash,format=raw,unit=1,file=" + filepath.Join(dir, varsName),
		"-device", "qemu-xhci,id=xhci",
		"-drive", "if=none,id=disk,format=raw,read-only=" + readOnly + ",file=" + strings.ReplaceAll(h.Disk, ",", ",,"),
		"-device", device,
		// The screen that the firmware and the kernel find; nobody looks at it.
		"-device", "VGA",
		// The second serial line: see Shell.
		"-chardev", "socket,id=shell,server=on,wait=off,path=" + filepath.Join(dir, shellName), "-serial", "chardev:shell",
		"-device", "virtio-rng-pci",
	}
	if h.Watchdog {
		args = append(args, "-device", "i6300esb")
	}
	for i, nic := range h.NICs {
		args = append(args, nic.arguments(i)...)
	}
	return append(args, h.Args...), nil
}

// NIC is a network card on a tap.
type NIC struct {
	Tap   *os.File // as lab.Lab.Taps gives it; Start closes it
	Model string   // "": virtio-net-pci; e1000e is another
}

// arguments are QEMU's; the cards' order is that of their addresses on the bus.
func (n NIC) arguments(i int) []string {
	model := n.Model
	if model == "" {
		model = "virtio-net-pci"
	}
	return []string{
		"-netdev", fmt.Sprintf("tap,id=nic%d,fd=%d", i, qemu.FirstFile+i),
		"-device", fmt.Sprintf("%s,netdev=nic%d,mac=52:54:00:00:00:%02x,addr=%#x", model, i, i+1, 0x10+i),
	}
}

func memory(mib int) int {
	if mib == 0 {
		return 1024
	}
	return mib
}
