package firmware

import (
	"fmt"
	"strconv"
	"strings"
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
	Args     []string // more of QEMU's arguments: network cards, a watchdog, more disks
}

// Where Debian's ovmf package has the firmware, and the variables of a board that was never switched on.
const (
	firmwareCode = "/usr/share/OVMF/OVMF_CODE_4M.fd"
	firmwareVars = "/usr/share/OVMF/OVMF_VARS_4M.fd"
)

// arguments is QEMU's command line; vars is this machine's own copy of the firmware's variables.
func (h Hardware) arguments(accelerator, vars string) ([]string, error) {
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
	return append([]string{
		"-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none",
		"-machine", "q35", "-accel", accelerator, "-cpu", "max,la57=off",
		"-smp", strconv.Itoa(max(1, h.CPUs)), "-m", strconv.Itoa(memory(h.Memory)),
		"-drive", "if=pflash,format=raw,unit=0,readonly=on,file=" + firmwareCode,
		"-drive", "if=pflash,format=raw,unit=1,file=" + vars,
		"-device", "qemu-xhci,id=xhci",
		"-drive", "if=none,id=disk,format=raw,read-only=" + readOnly + ",file=" + strings.ReplaceAll(h.Disk, ",", ",,"),
		"-device", device,
		// The screen that the firmware and the kernel find; nobody looks at it.
		"-device", "VGA",
		// Ctrl-C stays with the test.
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-device", "virtio-rng-pci",
	}, h.Args...), nil
}

func memory(mib int) int {
	if mib == 0 {
		return 1024
	}
	return mib
}
