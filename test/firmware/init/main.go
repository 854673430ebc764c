// Command init is process 1 in the tests of the folder above. It says on the console which slot it was started from, and
// does what its kernel command line asks for: limpid.test=off, reboot, panic, hang, or probe (look whether the root file
// system works, then off).
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	if err := run(); err != nil {
		fmt.Println("test init:", err)
	}
	// The end of process 1 is a kernel panic.
}

func run() error {
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	line, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return err
	}
	options := map[string]string{}
	for word := range strings.FieldsSeq(string(line)) {
		key, value, _ := strings.Cut(word, "=")
		options[key] = value
	}
	fmt.Printf("test init: started from slot %s of disk %q, %s\n", options["limpid.slot"], options["limpid.data"], options["limpid.test"])
	switch options["limpid.test"] {
	case "probe":
		if err := probe(context.Background()); err != nil {
			fmt.Println("probe:", err)
		} else {
			fmt.Println("probe: all is well")
		}
		return unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	case "off":
		return unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	case "reboot":
		return unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
	case "hang":
		time.Sleep(time.Hour)
	}
	return nil
}
