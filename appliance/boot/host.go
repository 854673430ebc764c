package boot

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// hostname is the box's name for itself.
const hostname = "limpid"

// sysctls are the kernel's settings on a box, beside those of bridge and
// interceptor. One that the kernel does not have is passed over.
func sysctls() [][2]string {
	return [][2]string{
		{"/proc/sys/kernel/panic", "10"},
		{"/proc/sys/kernel/panic_on_oops", "1"}, // a kernel that has lost its footing may hang with the wire cut
		// The screen is the status screen's: only what a kernel says last is shown beside it.
		{"/proc/sys/kernel/printk", "3"},
		{"/proc/sys/kernel/dmesg_restrict", "1"},
		{"/proc/sys/kernel/kptr_restrict", "2"},
		{"/proc/sys/fs/protected_hardlinks", "1"},
		{"/proc/sys/fs/protected_symlinks", "1"},
		{"/proc/sys/fs/file-max", "1048576"},
		{"/proc/sys/fs/nr_open", "1048576"},
	}
}

// descriptors is the limit of open files for the supervisor and what it starts:
// two for each connection, many of them in one process.
const descriptors = 1 << 20

// setUpHost makes the fresh kernel a box.
func setUpHost(_ context.Context, b *Box) error {
	b.showLog(true)
	b.log.Info("limpid", "version", b.Version, "slot", b.cmdline.slotName())
	var errs []error
	if err := unix.Sethostname([]byte(hostname)); err != nil {
		errs = append(errs, fmt.Errorf("set host name: %w", err))
	}
	// Ctrl-Alt-Del is a signal, not a reboot on the spot.
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_CAD_OFF); err != nil {
		errs = append(errs, fmt.Errorf("take Ctrl-Alt-Del: %w", err))
	}
	for _, s := range sysctls() {
		if err := writeFile(s[0], s[1]); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	// After fs.nr_open, which bounds it.
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 4096, Max: descriptors}); err != nil {
		errs = append(errs, fmt.Errorf("raise limit of open files: %w", err))
	}
	return errors.Join(errs...)
}

// environment is what children get.
func environment() []string {
	return []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=linux", "LANG=C.UTF-8"}
}
