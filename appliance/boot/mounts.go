package boot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"limpid/appliance/control"
)

// mount is one line of what would be fstab(5) elsewhere.
type mount struct {
	kind, target, options string
	flags                 uintptr
}

// mounts are the file systems of the kernel and of memory, in mounting order. How
// large those in memory may become is bounded, so that none can take all of it.
func mounts() []mount {
	const quiet = unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NODEV
	return []mount{
		{"proc", "/proc", "", quiet},
		{"sysfs", "/sys", "", quiet},
		{"devtmpfs", "/dev", "mode=0755", unix.MS_NOSUID},
		{"devpts", "/dev/pts", "mode=0620,ptmxmode=0666", unix.MS_NOSUID | unix.MS_NOEXEC},
		{"tmpfs", "/run", "mode=0755,size=16m", quiet},
		{"tmpfs", "/tmp", "mode=1777,size=16m", quiet},
	}
}

// mountKernel mounts them. It goes on after a failure: each is of use by itself.
func mountKernel(_ context.Context, b *Box) error {
	var errs []error
	for _, m := range mounts() {
		if err := os.MkdirAll(m.target, 0o755); err != nil {
			errs = append(errs, fmt.Errorf("mount %s: %w", m.target, err))
			continue
		}
		// devtmpfs may be there: CONFIG_DEVTMPFS_MOUNT.
		if err := unix.Mount(m.kind, m.target, m.kind, m.flags, m.options); err != nil && !errors.Is(err, unix.EBUSY) {
			errs = append(errs, fmt.Errorf("mount %s on %s: %w", m.kind, m.target, err))
		}
	}
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"} {
		if err := os.Symlink(target, filepath.Join("/dev", name)); err != nil && !errors.Is(err, os.ErrExist) {
			errs = append(errs, err)
		}
	}
	errs = append(errs, os.MkdirAll(RunDir, 0o755))
	if text, err := os.ReadFile("/proc/cmdline"); err == nil {
		b.cmdline = cmdline(text)
	}
	b.state.change(func(s *control.Box) { s.Slot = b.cmdline.slotName() })
	return errors.Join(append(errs, b.journal.openFile(filepath.Join(RunDir, "box.log")))...)
}
